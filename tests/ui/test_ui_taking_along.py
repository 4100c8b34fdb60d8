"""What a page lets people take along, and recording on this machine's GPU."""

import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from timeline.errors import UnavailableError
from timeline.formats import by_name, open_trace
from timeline.formats.registry import NAMES
from timeline.trace import Trace
from timeline.ui import on_gpu
from timeline.ui.written import file_stem, written, zipped

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "pdl" / "pdl"


@pytest.fixture(scope="module")
def trace() -> Trace:
    return Trace.load(SAMPLE)


@pytest.mark.parametrize("form", [name for name in NAMES if by_name(name).suffixes])
def test_a_written_file_is_read_again(form: str, trace: Trace, tmp_path: Path) -> None:
    suffix = by_name(form).suffixes[-1]
    path = tmp_path / f"trace{suffix}"
    path.write_bytes(written(trace, form, path.name))
    assert open_trace(path).activities.num_rows == trace.activities.num_rows


def test_a_zip_is_opened_again(trace: Trace, tmp_path: Path) -> None:
    content = zipped(trace)
    assert "meta.json" in zipfile.ZipFile(BytesIO(content)).namelist()
    path = tmp_path / "trace.zip"
    path.write_bytes(content)
    assert open_trace(path).meta == trace.meta


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a/b c", "a-b-c"), ("../../etc", "etc"), ("", "trace"), ("PDL · pdl", "PDL-pdl")],
)
def test_names_of_files_hold_nothing_else(name: str, stem: str) -> None:
    assert file_stem(name) == stem


def test_the_settings_of_the_page_reach_the_command_line(tmp_path: Path) -> None:
    found = on_gpu.command("pdl", {"grid": 64, "gate": True}, tmp_path)
    assert found[1:5] == ["-m", "timeline", "run", "pdl"]
    assert found[-4:] == ["--set", "grid=64", "gate=true", "--overwrite"]


def test_a_recording_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_gpu, "command", lambda *_: ["sh", "-c", "echo x; echo why >&2; exit 3"])
    with pytest.raises(UnavailableError, match="pdl: why"):
        on_gpu.record("pdl", {})


def test_recorded_variants_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def command(name: str, _settings: object, out: Path) -> list[str]:
        return ["sh", "-c", f"mkdir -p {out}/{name}/a && touch {out}/{name}/a/meta.json"]

    monkeypatch.setattr(on_gpu, "command", command)
    assert list(on_gpu.record("some_technique", {})) == ["a"]
