"""What holds for the findings of any trace."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.analysis import work_of
from timeline.engines import ENGINES
from timeline.findings import DETECTORS, diagnose
from timeline.findings.dealt import batches_of, dealt_ns
from timeline.trace import TABLES, Device, Meta, Trace, table

Row = dict[str, Any]
NS = 1_000
COPIES = {"H2D": "HtoD", "D2H": "DtoH", "P2P": "PtoP"}


@st.composite
def traces(draw: Any) -> Trace:
    """Activities in stream order, with calls, waits, pageable ends, PDL and what not."""
    free: dict[int, int] = {}
    host, made = 0, {name: list[Row]() for name in ("activities", "calls", "syncs", "allocs")}
    for issue in range(1, draw(st.integers(1, 14))):
        host += draw(st.integers(1, 60))
        begin = host
        what = draw(st.sampled_from(["work"] * 6 + ["sync", "malloc", "free"]))
        if what == "work":
            stream = draw(st.integers(0, 2))
            engine = draw(st.sampled_from(["SM", "SM", "H2D", "D2H", "P2P"]))
            host += draw(st.integers(1, 9))
            start = max(host, free.get(stream, 0)) + draw(st.integers(0, 20))
            free[stream] = start + draw(st.integers(0, 200))
            made["activities"].append(
                {
                    "kind": "kernel" if engine == "SM" else "memcpy",
                    "copy_kind": COPIES.get(engine),
                    "engine": engine,
                    "name": draw(st.sampled_from(["a", "ncclKernel", "b"])),
                    "src_kind": draw(st.sampled_from([None, "pageable", "pinned"])),
                    "bytes": draw(st.sampled_from([None, 0, 4096, 1 << 22])),
                    "grid": (draw(st.integers(1, 2000)), 1, 1) if engine == "SM" else None,
                    "block": (256, 1, 1) if engine == "SM" else None,
                    "pdl": draw(st.booleans()),
                    "cooperative": draw(st.booleans()),
                    "stream": stream,
                    "device": 0,
                    "correlation": issue,
                    "start": start * NS,
                    "end": free[stream] * NS,
                }
            )
        else:
            host = max(host, *free.values(), 0) + 3
            times = {"start": begin * NS, "end": host * NS, "thread": 1, "correlation": issue}
            if what == "sync":
                made["syncs"].append(times | {"kind": "device_synchronize"})
            else:
                made["allocs"].append(times | {"kind": what, "bytes": 4096})
        name = draw(st.sampled_from(["cudaMemcpy", "cudaMemcpyAsync", "cudaLaunchKernel"]))
        made["calls"].append(
            {"name": name, "start": begin * NS, "end": host * NS, "thread": 1, "correlation": issue}
        )
    streams = [{"stream": s, "kind": k} for s, k in enumerate(("legacy", "blocking", "blocking"))]
    tables = {name: rows_table(name, rows) for name, rows in made.items()}
    tables["streams"] = rows_table("streams", streams[: draw(st.integers(0, 3))])
    device = Device(0, "GPU", "9.0", draw(st.sampled_from([None, 132])), 3)
    return Trace.from_tables(Meta("cupti", devices=(device,)), tables)


def rows_table(name: str, rows: list[Row]) -> Any:
    names = [key for key in TABLES[name].names if any(key in row for row in rows)]
    return table(name, {key: [row.get(key) for row in rows] for key in names}, len(rows))


@settings(deadline=None, max_examples=40)
@given(traces())
def test_findings_point_at_what_is_there(trace: Trace) -> None:
    diagnosis = diagnose(trace, least=0.0)
    makespan = work_of(trace, 0).window.length_ns if trace.activities.num_rows else 0
    codes = [detector.code for detector in DETECTORS]
    for found in diagnosis.findings:
        assert found.code in codes
        assert found.cost_ns > 0
        assert found.share <= 1 or found.cost_by == "waits"
        assert found.share == found.cost_ns / makespan
        assert all(0 <= row < trace.activities.num_rows for row in found.rows)
        assert found.count >= len(found.rows)
        assert found.span[0] <= found.span[1]
        assert found.summary
        assert found.cost_how
        assert found.advice
    assert {note.code for note in diagnosis.unknown} <= {"", *codes}
    assert json.loads(json.dumps(diagnosis.to_json()))["findings"] == [
        json.loads(json.dumps(found.to_json())) for found in diagnosis.findings
    ]


@settings(deadline=None, max_examples=15)
@given(traces(), st.floats(0, 1))
def test_a_higher_least_share_only_takes_away(trace: Trace, least: float) -> None:
    every = diagnose(trace, least=0.0).findings
    assert diagnose(trace, least=least).findings == tuple(
        found for found in every if found.share >= least
    )


engines = st.lists(st.sampled_from(["H2D", "SM", "D2H"]), min_size=1, max_size=12)


@given(engines, st.data(), st.integers(1, 4))
def test_dealt_work_is_never_shorter_than_its_bounds(
    names: list[str], data: st.DataObject, lanes: int
) -> None:
    count = len(names)
    lengths = np.array(data.draw(st.lists(st.integers(1, 99), min_size=count, max_size=count)))
    gaps = np.array(data.draw(st.lists(st.integers(0, 9), min_size=count, max_size=count)))
    gaps[0] = 0
    starts = np.cumsum(lengths + gaps) - lengths
    codes = np.array([ENGINES.index(name) for name in names])
    batches = batches_of(codes, np.zeros(count, np.int64))
    found = dealt_ns(starts, starts + lengths, codes, batches, np.ones(count), lanes)
    busiest = max(int(lengths[codes == code].sum()) for code in np.unique(codes))
    longest = max(int(lengths[batches == batch].sum()) for batch in np.unique(batches))
    assert max(busiest, longest) <= found
    if lanes == 1:
        assert found == int((lengths + gaps).sum())
