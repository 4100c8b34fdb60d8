"""Places for results are checked before the work."""

from pathlib import Path

import pytest

from timeline.cli.place import check_file, check_folder, check_trace, write_text
from timeline.errors import OutputError
from timeline.trace import Meta, Trace


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return Trace.from_tables(Meta("sim"), {}).save(tmp_path / "trace")


def test_a_folder_is_made(tmp_path: Path) -> None:
    check_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_file_is_no_folder(below: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(OutputError, match="choose another folder"):
        check_folder(file / below)


def test_a_folder_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(OutputError, match="may not be written"):
        check_folder(tmp_path)


def test_a_trace_is_replaced_only_when_asked(saved: Path) -> None:
    with pytest.raises(OutputError, match="add --overwrite"):
        check_trace(saved, overwrite=False)
    check_trace(saved, overwrite=True)
    assert (saved / "meta.json").is_file()


def test_what_is_no_trace_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(OutputError):
        check_trace(tmp_path, overwrite=True)


def test_a_file_is_replaced_only_when_asked(tmp_path: Path) -> None:
    file = tmp_path / "picture.svg"
    check_file(file, overwrite=False)
    file.touch()
    with pytest.raises(OutputError, match="add --overwrite"):
        check_file(file, overwrite=False)
    check_file(file, overwrite=True)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a folder"):
        check_file(tmp_path, overwrite=True)


def test_text_appears_whole(tmp_path: Path) -> None:
    write_text(tmp_path / "a.svg", "µ")
    assert [p.name for p in tmp_path.iterdir()] == ["a.svg"]
    assert (tmp_path / "a.svg").read_bytes() == "µ".encode()
