"""An sdist's bytes are those of its files, whoever packs it, and its check finds what is wrong."""

import gzip
import io
import os
import runpy
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def building() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "tools" / "distribution.py"))


@pytest.fixture(scope="module")
def checking() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "tools" / "distribution_check.py"))


def packed(path: Path, files: dict[str, bytes], *, user: int, mtime: int, mode: int) -> Path:
    """An sdist as some machine leaves it."""
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(f"it-1/{name}")
            member.size, member.uid, member.mtime, member.mode = len(data), user, mtime, mode
            archive.addfile(member, io.BytesIO(data))
    return path


def test_settled_sdists_are_equal(building: dict[str, Any], tmp_path: Path) -> None:
    files = {"b.py": b"1", "a.py": b"2"}
    one = packed(tmp_path / "1.tar.gz", files, user=0, mtime=5, mode=0o664)
    other = dict(reversed(files.items()))
    two = packed(tmp_path / "2.tar.gz", other, user=7, mtime=9, mode=0o600)
    assert gzip.decompress(one.read_bytes()) != gzip.decompress(two.read_bytes())
    for path in (one, two):
        building["settle"](path, 1_700_000_000)
    assert one.read_bytes() == two.read_bytes()
    with tarfile.open(one) as archive:
        members = archive.getmembers()
        assert [m.name for m in members] == ["it-1/a.py", "it-1/b.py"]
        assert {(m.mode, m.mtime, m.uid) for m in members} == {(0o644, 1_700_000_000, 0)}
        assert [f.read() for m in members if (f := archive.extractfile(m))] == [b"2", b"1"]


def test_an_executable_stays_one(building: dict[str, Any], tmp_path: Path) -> None:
    path = packed(tmp_path / "1.tar.gz", {"run": b"x"}, user=0, mtime=5, mode=0o775)
    building["settle"](path, 1)
    with tarfile.open(path) as archive:
        assert archive.getmember("it-1/run").mode == 0o755


def test_the_time_is_the_environments(
    building: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "17")
    assert building["epoch_s"](ROOT) == 17


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no checkout of git")
def test_or_that_of_the_commit(building: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert building["epoch_s"](ROOT) > 1_700_000_000


def archives(folder: Path, tree: dict[str, bytes]) -> tuple[Path, Path]:
    """An sdist and a wheel of a tree."""
    sdist = packed(folder / "it-1.tar.gz", {**tree, "PKG-INFO": b""}, user=0, mtime=0, mode=0o644)
    wheel = folder / "it-1.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("timeline/a.py", tree["timeline/a.py"])
        archive.writestr("timeline/kernels/k.cu", tree["kernels/k.cu"])
        archive.writestr("it-1.dist-info/METADATA", "")
    return sdist, wheel


TREE = {"timeline/a.py": b"a", "kernels/k.cu": b"k", "README.md": b"r"}


def test_what_is_as_it_should_be_passes(checking: dict[str, Any], tmp_path: Path) -> None:
    assert list(checking["contents"](*archives(tmp_path, TREE), TREE)) == []


def test_a_file_too_much_too_few_or_changed_is_named(
    checking: dict[str, Any], tmp_path: Path
) -> None:
    built = archives(tmp_path, {**TREE, "tests/test_a.py": b"t"})
    tree = {**TREE, "timeline/b.py": b"b", "kernels/k.cu": b"K"}
    assert list(checking["contents"](*built, tree)) == [
        "the sdist has what it should not: tests/test_a.py",
        "the sdist lacks: timeline/b.py",
        "the sdist has another: kernels/k.cu",
        "the wheel lacks: timeline/b.py",
        "the wheel has another: timeline/kernels/k.cu",
    ]


def test_an_archive_that_grew_is_named(checking: dict[str, Any], tmp_path: Path) -> None:
    tree = {**TREE, "timeline/a.py": os.urandom(checking["MOST_BYTES"])}
    assert len(list(checking["contents"](*archives(tmp_path, tree), tree))) == 2
