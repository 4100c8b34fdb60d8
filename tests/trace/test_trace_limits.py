"""Limits: set by the environment, named by the error that met them."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest

from timeline.errors import TraceError, UsageError
from timeline.formats import ImportOptions
from timeline.limits import LIMIT_OPTIONS, Limits, more, variable
from timeline.trace import Meta, Trace, table
from timeline.trace.store import load, save


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = table("activities", {"start": np.arange(50), "end": np.arange(50) + 5})
    return save(Trace.from_tables(Meta("sim"), {"activities": rows}), tmp_path / "trace")


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as file:
        for member in sorted(folder.rglob("*")):
            file.write(member, str(member.relative_to(folder)))
    return path


def refused(path: Path, message: str, limits: Limits | None = None) -> None:
    with pytest.raises(TraceError, match=message) as caught:
        load(path, limits=limits)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", LIMIT_OPTIONS)
def test_each_can_be_set_for_every_command(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = variable(LIMIT_OPTIONS[name][0])
    assert key in more(name)
    monkeypatch.setenv(key, "7")
    assert getattr(ImportOptions().limits, name) == 7
    assert getattr(Limits().raised({}), name) == getattr(Limits(), name)


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_a_limit_that_is_none_is_said(value: str) -> None:
    with pytest.raises(UsageError, match=rf"TIMELINE_MAX_ROWS='{value}': must be a whole number"):
        Limits().raised({"TIMELINE_MAX_ROWS": value})


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(rows=49), "more than 49 rows; .*TIMELINE_MAX_ROWS"),
        (Limits(memory_bytes=1000), "needs 0.0 GB of memory.*TIMELINE_MAX_MEMORY"),
    ],
)
def test_a_native_trace_keeps_them(folder: Path, limits: Limits, message: str) -> None:
    refused(folder, message, limits)
    refused(zipped(folder), message, limits)


def test_a_native_trace_of_too_many_parts(folder: Path) -> None:
    meta = json.loads((folder / "meta.json").read_text())
    meta["tables"]["activities"]["crc32"] *= 3
    (folder / "meta.json").write_text(json.dumps(meta))
    refused(folder, "more than 2 parts; .*TIMELINE_MAX_MEMBERS", Limits(members=2))


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(file_bytes=100), "more than 100; .*TIMELINE_MAX_BYTES"),
        (Limits(members=1), "a zip of more than 1 files; .*TIMELINE_MAX_MEMBERS"),
        (Limits(expanded_bytes=500), "expands to more than 500 bytes; .*TIMELINE_MAX_EXPANDED"),
    ],
)
def test_a_zip_keeps_them(folder: Path, limits: Limits, message: str) -> None:
    refused(zipped(folder), message, limits)


def test_a_zip_s_directory_is_measured_before_it_is_read(folder: Path) -> None:
    path = zipped(folder)
    with zipfile.ZipFile(path, "a") as file:
        for number in range(40):
            file.writestr(f"{number}{'x' * 400}", b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(zipfile, "ZipFile")
        refused(path, "a zip of more than 10 files", Limits(members=10))


def test_members_that_share_their_bytes_are_counted_each(folder: Path) -> None:
    """A bomb of overlapping members: each is harmless alone, together they are not."""
    meta = json.loads((folder / "meta.json").read_text())
    crc = meta["tables"]["activities"]["crc32"]
    meta["tables"]["activities"].update(crc32=crc * 300, rows=50 * 300)
    (folder / "meta.json").write_text(json.dumps(meta))
    path = zipped(folder)
    with zipfile.ZipFile(path, "a") as file:
        first = file.getinfo("activities/part-00000.parquet")
        for number in range(1, 300):
            other = zipfile.ZipInfo(f"activities/part-{number:05d}.parquet")
            for name in ("CRC", "compress_size", "file_size", "header_offset"):
                setattr(other, name, getattr(first, name))
            file.filelist.append(other)
            file.NameToInfo[other.filename] = other
        file.__dict__["_didModify"] = True
    refused(path, "expands more than 2-fold|damaged", Limits(ratio=2))


def test_a_symbolic_link_in_a_zip_is_named(folder: Path) -> None:
    path = zipped(folder)
    link = zipfile.ZipInfo("activities/part-00001.parquet")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(link, "/etc/passwd")
    refused(path, "member 'activities/part-00001.parquet' is a symbolic link")


def test_what_is_no_file_is_not_waited_for(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "neither a folder nor an ordinary file")
    part = folder / "activities" / "part-00000.parquet"
    part.unlink()
    os.mkfifo(part)
    refused(folder, "part-00000.parquet: not an ordinary file")
