"""Gzips made to do harm."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from timeline.errors import TraceError
from timeline.formats import ImportOptions, Intake, Limits, is_foreign, open_trace
from timeline.formats.byte_stream import ByteStream

TEXT = b'{"schemaVersion": 1, "traceEvents": []}'


def content(path: Path, limits: Limits | None = None, size: int = 1 << 20) -> bytes:
    with ByteStream(Intake(path, ImportOptions(limits=limits or Limits()))) as stream:
        target = bytearray(size)
        return bytes(target[: stream.readinto(memoryview(target))])


def test_many_pieces_are_one_text(tmp_path: Path) -> None:
    path = tmp_path / "a.json.gz"
    path.write_bytes(b"".join(gzip.compress(TEXT[i : i + 1]) for i in range(len(TEXT))) + bytes(99))
    assert content(path) == TEXT
    path.write_bytes(gzip.compress(TEXT[:30]) + gzip.compress(TEXT[30:]))
    assert open_trace(path).activities.num_rows == 0


def test_pieces_have_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(TEXT) + gzip.compress(b"") * 100)
    with pytest.raises(TraceError, match=r"byte [\d,]+: a gzip of more than 50 pieces; .*MEMBERS"):
        content(path, Limits(members=50))


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(expanded_bytes=1 << 20), "expands to more than 1,048,576 bytes; .*_EXPANDED"),
        (Limits(), "expands more than 200-fold; .*_RATIO"),
    ],
)
def test_a_bomb_of_many_pieces(tmp_path: Path, limits: Limits, message: str) -> None:
    path = tmp_path / "bomb.json.gz"
    path.write_bytes(gzip.compress(TEXT) + gzip.compress(bytes(1 << 20)) * 100)
    with pytest.raises(TraceError, match=message):
        content(path, limits, 100 << 20)


def test_a_gzip_in_a_gzip_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(gzip.compress(TEXT)))
    assert not is_foreign(path)
    with pytest.raises(TraceError, match="not a timeline trace"):
        open_trace(path)


def test_time_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(TEXT)
    now = iter((0.0, *(100.0,) * 9))
    monkeypatch.setattr("timeline.formats.intake.time.monotonic", lambda: next(now))
    with pytest.raises(TraceError, match=r"byte \d+: takes longer than 60 s; .*_SECONDS"):
        content(path, Limits(seconds=60))
