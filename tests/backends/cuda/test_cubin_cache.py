"""The cubin cache under damage, concurrency and refusal."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from timeline.backends.cuda.cubin_cache import CubinCache, cache_folder, key_of

CUBIN = b"\x7fELF" + bytes(range(256)) * 64


def refuse() -> bytes:
    raise AssertionError("compiled although it was kept")


def test_a_cubin_is_compiled_once(tmp_path: Path) -> None:
    cache = CubinCache(tmp_path / "new" / "folder")
    assert cache.cubin("k", lambda: CUBIN) == CUBIN
    assert cache.cubin("k", refuse) == CUBIN
    assert len(list((tmp_path / "new" / "folder").iterdir())) == 1


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "foreign"])
def test_a_damaged_file_is_compiled_again(tmp_path: Path, damage: str) -> None:
    cache = CubinCache(tmp_path)
    cache.cubin("k", lambda: CUBIN)
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    if damage == "truncate":
        del content[-1:]
    elif damage == "flip":
        content[100] ^= 1
    elif damage == "empty":
        content.clear()
    else:
        content[:] = b"something else entirely, longer than a digest is"
    path.write_bytes(content)
    made = []

    def compile_it() -> bytes:
        made.append(1)
        return CUBIN

    assert cache.cubin("k", compile_it) == CUBIN
    assert made == [1]
    assert cache.cubin("k", refuse) == CUBIN


def test_a_folder_that_cannot_be_written_does_not_stop_the_run(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    cache = CubinCache(blocker / "below")
    assert cache.cubin("k", lambda: CUBIN) == CUBIN


def test_a_failing_compilation_leaves_nothing_behind(tmp_path: Path) -> None:
    cache = CubinCache(tmp_path)
    with pytest.raises(ZeroDivisionError):
        cache.cubin("k", lambda: bytes(1 // 0))
    assert list(tmp_path.iterdir()) == []


def _write_many(folder: Path, seed: int) -> None:
    cache = CubinCache(folder)
    for index in range(50):
        (folder / f"k{index}.cubin").unlink(missing_ok=True)
        assert cache.cubin(f"k{index}", lambda: CUBIN) == CUBIN


def test_many_writers_never_show_half_a_file(tmp_path: Path) -> None:
    writers = [
        multiprocessing.get_context("fork").Process(target=_write_many, args=(tmp_path, i))
        for i in range(3)
    ]
    for writer in writers:
        writer.start()
    reader = CubinCache(tmp_path)
    for index in range(200):
        assert reader.cubin(f"k{index % 50}", lambda: CUBIN) == CUBIN
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_the_key_depends_on_everything() -> None:
    base = key_of({"a.cu": b"x", "c.cuh": b"y"}, ["-DA"], "13.0")
    assert base == key_of({"c.cuh": b"y", "a.cu": b"x"}, ["-DA"], "13.0")
    others = [
        key_of({"a.cu": b"x", "c.cuh": b"z"}, ["-DA"], "13.0"),
        key_of({"a.cu": b"xy", "c.cuh": b""}, ["-DA"], "13.0"),
        key_of({"a.cu": b"x", "c.cuh": b"y"}, ["-DB"], "13.0"),
        key_of({"a.cu": b"x", "c.cuh": b"y"}, ["-DA"], "13.5"),
        key_of({"b.cu": b"x", "c.cuh": b"y"}, ["-DA"], "13.0"),
    ]
    assert len({base, *others}) == 6


def test_the_folder_follows_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "timeline" / "cubins"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "timeline" / "cubins"
