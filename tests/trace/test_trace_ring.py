"""Only the newest parts: what stays, what is said of the rest, and a kill at any write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.errors import TraceError
from timeline.trace import Meta, Trace, table
from timeline.trace.kept import Kept
from timeline.trace.parts import part_bytes
from timeline.trace.ring import Part, Ring
from timeline.trace.store import TraceWriter, load

ROWS = 500


def part(number: int) -> dict[str, pa.Table]:
    start = np.arange(number * ROWS, (number + 1) * ROWS)
    return {"activities": table("activities", {"start": start, "end": start + 1})}


def numbers(trace: Trace) -> list[int]:
    """Parts that the rows of a trace come from."""
    found: list[int] = np.unique(trace.column("activities", "start") // ROWS).tolist()
    assert trace.activities.num_rows == ROWS * len(found)
    return found


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.integers(0, 120))
def test_the_newest_stay_as_many_as_fit(sizes: list[int], limit: int) -> None:
    ring = Ring(limit)
    gone: list[Part] = []
    for number, size in enumerate(sizes):
        ring, dropped = ring.after(Part({"calls": size}, size, number))
        gone += dropped
    assert [part.until_ns for part in (*gone, *ring.parts)] == list(range(len(sizes)))
    total = sum(part.nbytes for part in ring.parts)
    assert total <= limit or len(ring.parts) == 1
    if gone:  # the last one dropped would not have fitted when it went
        assert ring.kept.dropped_until_ns == gone[-1].until_ns
    assert ring.kept.parts == len(sizes)
    assert ring.kept.dropped_parts == len(gone)
    assert ring.kept.dropped_rows == sum(part.rows["calls"] for part in gone)


def test_the_oldest_parts_go_as_wholes_and_the_trace_says_so(tmp_path: Path) -> None:
    size = part_bytes(part(0)["activities"]).size
    writer = TraceWriter(tmp_path / "t", meta=Meta("cupti"), max_bytes=3 * size + size // 2)
    for number in range(8):
        writer.append(part(number), until_ns=number)
        newest = list(range(max(0, number - 2), number + 1))
        assert numbers(load(tmp_path / "t")) == newest
        assert len(list((tmp_path / "t" / "activities").iterdir())) == len(newest)
    writer.close()
    trace = load(tmp_path / "t")
    assert numbers(trace) == [5, 6, 7]
    assert trace.meta.kept == Kept(
        ended=True, parts=8, until_ns=7, dropped_parts=5, dropped_rows=5 * ROWS, dropped_until_ns=4
    )
    (note,) = trace.meta.notes
    assert "the oldest 5 of 8, with 2,500 rows" in note


@pytest.mark.parametrize("at", ["part-00004", "meta.json"])
def test_a_kill_at_any_write_leaves_a_ring_that_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    writer = TraceWriter(tmp_path / "t", max_bytes=1)
    for number in range(4):
        writer.append(part(number))

    class Killed(BaseException):
        pass

    def kill(self: Path, target: Path) -> Path:
        if at in str(target):
            raise Killed
        return replace(self, target)

    replace = Path.replace
    monkeypatch.setattr(Path, "replace", kill)
    with pytest.raises(Killed):
        writer.append(part(4))
    assert numbers(load(tmp_path / "t")) == [3]


def test_a_first_part_of_another_kind_is_refused(tmp_path: Path) -> None:
    TraceWriter(tmp_path / "t").append(part(0))
    meta = tmp_path / "t" / "meta.json"
    for wrong in ('"x"', "-1", "[]"):
        text = meta.read_text().replace('"first": 0', f'"first": {wrong}')
        meta.write_text(text)
        with pytest.raises(TraceError):
            load(tmp_path / "t")
        meta.write_text(text.replace(f'"first": {wrong}', '"first": 0'))


@pytest.mark.parametrize("kept", ["[]", '{"parts": "many"}', '{"ended": 1}'])
def test_a_wrong_account_of_what_is_kept_is_refused(tmp_path: Path, kept: str) -> None:
    TraceWriter(tmp_path / "t").close(Meta("sim"))
    meta = tmp_path / "t" / "meta.json"
    meta.write_text(meta.read_text().replace('"kept": null', f'"kept": {kept}'))
    with pytest.raises(TraceError, match="malformed: 'kept"):
        load(tmp_path / "t")
