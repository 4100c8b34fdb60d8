"""Traces in zips, which may come from anyone."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from timeline.errors import TraceError
from timeline.trace import Meta, Trace, table
from timeline.trace.store import load, save


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = table("activities", {"start": np.arange(50), "end": np.arange(50) + 5})
    return save(Trace.from_tables(Meta("sim"), {"activities": rows}), tmp_path / "trace")


def zipped(folder: Path, root: str, method: int = zipfile.ZIP_DEFLATED) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", method) as file:
        for member in sorted(folder.rglob("*")):
            file.write(member, root + str(member.relative_to(folder)))
    return path


def add(path: Path, name: str, data: bytes | str) -> Path:
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, data)
    return path


def refused(path: Path, message: str) -> None:
    with pytest.raises(TraceError, match=message) as caught:
        load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("root", ["", "trace/", "./trace/"])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_zip_is_read_however_it_was_packed(folder: Path, root: str, method: int) -> None:
    trace = load(zipped(folder, root, method))
    assert trace.activities.equals(load(folder).activities)


def test_a_renamed_zip_is_read(folder: Path) -> None:
    other = zipped(folder, "").rename(folder.with_suffix(".trace"))
    assert load(other).activities.num_rows == 50


def test_litter_is_left_aside(folder: Path) -> None:
    path = zipped(folder, "trace/")
    add(path, "__MACOSX/trace/._meta.json", b"\0")
    add(path, "trace/.DS_Store", b"\0")
    assert load(path).activities.num_rows == 50


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "trace/../../evil"])
def test_a_member_outside_is_refused(folder: Path, name: str) -> None:
    refused(add(zipped(folder, "trace/"), name, b""), "points outside of the zip")


def test_none_or_two_traces_are_refused(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as file:
        file.writestr("readme.txt", "hello")
    refused(tmp_path / "empty.zip", "holds 0 traces instead of one")
    refused(add(zipped(folder, "trace/"), "other/meta.json", "{}"), "holds 2 traces")


def test_a_missing_member(folder: Path) -> None:
    shutil.rmtree(folder / "activities")
    refused(zipped(folder, "trace/"), r"trace.zip!trace/activities/part-00000.parquet: missing")


def test_a_bomb_is_not_expanded(folder: Path) -> None:
    (folder / "activities" / "part-00000.parquet").write_bytes(bytes(30_000_000))
    path = zipped(folder, "")
    assert path.stat().st_size < 100_000
    refused(path, r"part-00000.parquet: expands more than 200-fold; .*TIMELINE_MAX_RATIO")


def test_a_damaged_zip(folder: Path) -> None:
    path = zipped(folder, "")
    whole = path.read_bytes()
    for length in range(2, len(whole), 37):
        path.write_bytes(whole[:length])
        refused(path, "not a readable zip|holds 0 traces|damaged")


def test_a_flipped_byte_in_a_zip(folder: Path) -> None:
    path = zipped(folder, "", zipfile.ZIP_STORED)
    whole = path.read_bytes()
    at = whole.index(b"PAR1") + 10
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
    refused(path, "damaged")
