"""Lanes of waits and of the inside of kernels say what the analysis found."""

from pathlib import Path

import numpy as np

from timeline.analysis import barriers, devices, work_of
from timeline.tiles import Index, Lane, build
from timeline.trace import Trace

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def lanes(index: Index, table: str) -> list[Lane]:
    return [lane for lane in index.lanes() if lane.table == table]


def test_the_waits_at_the_legacy_stream_are_those_of_the_analysis() -> None:
    trace = Trace.load(SAMPLES / "default_stream_barrier" / "stray_legacy")
    index = build(trace)
    (lane,) = lanes(index, "waits")
    held = barriers(work_of(trace, 0))
    assert held is not None
    spans = [index.tracks[n].spans for row in lane.rows for n in row.tracks]
    words = index.names["waits"].to_pylist()
    shown = sorted(
        (start + index.origin, end + index.origin, index.waits.waiting[row])
        for one in spans
        for start, end, row, name in zip(
            one.start.tolist(), one.end.tolist(), one.row.tolist(), one.name.tolist(), strict=True
        )
        if "legacy" in words[name]
    )
    columns = (held.starts.tolist(), held.ends.tolist(), held.waiting.tolist())
    assert shown == sorted(zip(*columns, strict=True))
    assert len(shown) > 5


def test_calls_that_waited_are_marked() -> None:
    index = build(Trace.load(SAMPLES / "stream_ordered_alloc" / "malloc_free"))
    (lane,) = lanes(index, "waits")
    codes = np.concatenate([index.tracks[n].spans.name for row in lane.rows for n in row.tracks])
    words = index.names["waits"].take(codes).to_pylist()
    assert set(words) == {"cudaFree waited for the device"}
    assert sum(len(index.tracks[n]) for row in lane.rows for n in row.tracks) > 10


def test_each_stamp_lies_in_the_lane_of_its_sm() -> None:
    trace = Trace.load(SAMPLES / "pdl" / "pdl")
    assert devices(trace) == (0,)
    index = build(trace)
    (lane,) = [lane for lane in lanes(index, "stamps") if lane.parts]
    sm = trace.column("stamps", "sm")
    assert len(lane.parts) == len(np.unique(sm))
    for part in lane.parts[:5]:
        rows = [index.tracks[n].spans.row for row in part.rows for n in row.tracks]
        assert set(sm[np.concatenate(rows)].tolist()) == {int(part.label.removeprefix("SM "))}
    count = sum(len(index.tracks[n]) for p in lane.parts for row in p.rows for n in row.tracks)
    assert count == trace.stamps.num_rows
