"""Communication and figures over several devices, against a bitmap of every nanosecond."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from timeline.analysis import Together, bound, communication, together, work_of
from timeline.report import report, whole
from timeline.trace import Trace

Row = dict[str, Any]
Bits = npt.NDArray[np.bool_]
MakeTrace = Callable[..., Trace]

SPAN = 64
NAMES = {"nccl": ("SM", "ncclDevKernel_AllReduce_Sum_f32_RING_LL(ncclDevKernelArgsStorage<4096>)")}
NAMES |= {"compute": ("SM", "backward 3"), "peer": ("P2P", "copy"), "in": ("H2D", "copy")}
FIXTURE_ONCE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    found = []
    for _ in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(sorted(NAMES)))
        start = draw(st.integers(0, SPAN - 1))
        end = draw(st.integers(start + 1, SPAN))
        engine, name = NAMES[kind]
        device, stream = draw(st.integers(0, 2)), draw(st.integers(1, 3))
        row = {"kind_of": kind, "engine": engine, "name": name, "device": device, "stream": stream}
        found.append(row | {"start": start, "end": end})
    return found


def trace_of(make_trace: MakeTrace, found: Sequence[Row]) -> Trace:
    return make_trace([{k: v for k, v in row.items() if k != "kind_of"} for row in found])


def bits(found: Sequence[Row], device: int, *kinds: str) -> Bits:
    busy = np.zeros(SPAN, np.bool_)
    for row in found:
        if row["device"] == device and (not kinds or row["kind_of"] in kinds):
            busy[row["start"] : row["end"]] = True
    return busy


@given(rows())
@FIXTURE_ONCE
def test_hidden_communication(make_trace: MakeTrace, found: list[Row]) -> None:
    trace = trace_of(make_trace, found)
    for device in sorted({row["device"] for row in found}):
        one = communication(work_of(trace, device))
        talking, computing = bits(found, device, "nccl", "peer"), bits(found, device, "compute")
        assert one.communication_ns == talking.sum()
        assert one.compute_ns == computing.sum()
        assert one.exposed_ns == (talking & ~computing).sum()
        hidden = (talking & computing).sum()
        assert one.hidden_ratio == (hidden / talking.sum() if talking.any() else None)


@given(rows())
@FIXTURE_ONCE
def test_over_all_devices(make_trace: MakeTrace, found: list[Row]) -> None:
    trace = trace_of(make_trace, found)
    devices = sorted({row["device"] for row in found})
    works = [work_of(trace, device) for device in devices]
    talks = [communication(work) for work in works]
    one = together(works, [bound(work) for work in works], talks)
    if len(devices) < 2:
        assert one is None
        return
    assert one is not None
    whole = np.flatnonzero(np.any([bits(found, d) for d in devices], axis=0))
    assert one.makespan_ns == whole[-1] + 1 - whole[0]
    assert list(one.busy_ns) == [bits(found, d).sum() for d in devices]
    firsts = [np.flatnonzero(bits(found, d))[0] for d in devices]
    lasts = [np.flatnonzero(bits(found, d))[-1] for d in devices]
    assert one.start_spread_ns == max(firsts) - min(firsts)
    assert one.end_spread_ns == max(lasts) - min(lasts)
    engines = (("compute",), ("nccl", "peer"), ("in",))
    least = max(bits(found, d, *kinds).sum() for d in devices for kinds in engines)
    assert least <= one.bound_ns <= one.makespan_ns
    assert one.imbalance is not None
    assert one.imbalance == pytest.approx(max(one.busy_ns) / np.mean(one.busy_ns) - 1)
    ratios = [t.hidden_ratio for t in talks if t.hidden_ratio is not None]
    assert one.hidden_communication_ratio == min(ratios, default=None)


def test_collectives_after_the_kernels_are_no_better_than_beside_them(
    make_trace: MakeTrace,
) -> None:
    def two(begin: int) -> Together:
        kernel = {"engine": "SM", "name": "k", "stream": 1, "start": 0, "end": 30}
        reduce = {"engine": "SM", "name": "ncclX", "stream": 2, "start": begin, "end": begin + 20}
        both = [row | {"device": d} for row in (kernel, reduce) for d in (0, 1)]
        found = report(make_trace(both)).together
        assert found is not None
        return found

    after, beside = two(30), two(10)
    assert (after.bound_ns, after.makespan_ns, after.hidden_communication_ratio) == (30, 50, 0)
    assert (beside.bound_ns, beside.makespan_ns, beside.hidden_communication_ratio) == (30, 30, 1)


def test_a_report_over_two_devices(make_trace: MakeTrace) -> None:
    copy = {"engine": "P2P", "src_device": 0, "dst_device": 1, "stream": 2, "start": 0, "end": 10}
    found = report(
        make_trace(
            [
                copy | {"device": 0},
                {"engine": "SM", "device": 0, "start": 0, "end": 5},
                {"engine": "SM", "device": 1, "start": 10, "end": 40},
            ]
        )
    )
    shown = found.to_json()
    assert shown["together"]["makespan_ns"] == 40
    assert shown["together"]["limiting_device"] == 1
    assert shown["devices"][0]["communication"]["hidden_ratio"] == 0.5
    assert shown["devices"][1]["communication"] is None
    text = str(found)
    assert "all devices" in text
    assert "hidden communication" in text
    assert "all devices" not in str(report(make_trace([copy | {"device": 0}])))


def test_measures_in_one_piece(make_trace: MakeTrace) -> None:
    copy = {"engine": "P2P", "src_device": 0, "dst_device": 1, "stream": 2, "start": 0, "end": 10}
    kernels = [
        {"engine": "SM", "device": 0, "start": 5, "end": 20},
        {"engine": "SM", "device": 1, "start": 10, "end": 40},
    ]
    alone = report(make_trace([kernels[0]])).to_json()
    assert whole(alone) == alone["devices"][0]
    found = whole(report(make_trace([copy | {"device": 0}, *kernels])).to_json())
    assert (found["makespan_ns"], found["bound_ns"], found["pipeline_efficiency"]) == (40, 30, 0.75)
    assert found["engines"]["1:SM"]["busy_ns"] == 30
    overlaps = {tuple(row["engines"]): row["ratio"] for row in found["overlaps"]}
    assert overlaps["0:comm", "0:compute"] == overlaps["0:P2P", "0:SM"] == 0.5
    assert ("1:comm", "1:compute") not in overlaps
