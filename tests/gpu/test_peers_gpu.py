"""Two real devices: peer copies, collectives, and their clocks. Skipped with fewer GPUs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from timeline.backends.base import RunOptions
from timeline.backends.cuda import CudaBackend
from timeline.program import Builder, Program, Stream
from timeline.techniques import technique
from timeline.techniques.spin import Geometry, spin
from timeline.trace import Trace

pytestmark = pytest.mark.gpu(devices=2)

US = 1000
MIB = 1 << 20
SKEW_NS = 5 * US
"""How far the clocks of two devices may be apart before a test fails."""

SHAPE = Geometry(8, 64)
Row = dict[str, Any]


def run(program: Program, collector: str = "auto", **options: Any) -> Trace:
    return CudaBackend(collector).run(program, RunOptions(**options))


def rows(trace: Trace, **where: Any) -> list[Row]:
    found = trace.activities.to_pylist()
    return [row for row in found if all(row[key] == value for key, value in where.items())]


def collectives(trace: Trace, device: int) -> list[Row]:
    return [row for row in rows(trace, device=device) if row["name"].startswith("nccl")]


def work(b: Builder, name: str, stream: Stream, us: int) -> None:
    data = b.device(f"data of {name}", SHAPE.bytes, device=stream.device)
    b.memset(data, 0, stream)
    spin(b, name, stream, data, SHAPE, ns=us * US, marker=1)


def moved(size: int) -> Program:
    """A copy from device 0 to device 1 beside kernels on both, and a kernel that waits for it."""
    b = Builder("moved")
    here, copying = b.stream("compute 0"), b.stream("copy 0")
    there, after = b.stream("compute 1", device=1), b.stream("after 1", device=1)
    source, target = b.device("source", size), b.device("target", size, device=1)
    home, done = b.host("home", size, pinned=True), b.event("copied")
    work(b, "ker_0", here, 2000)
    work(b, "ker_1", there, 2000)
    b.memset(source, 7, copying)
    b.memcpy(target, source, copying)
    b.record(done, copying)
    b.wait(after, done)
    spin(b, "consumer", after, b.device("own", SHAPE.bytes, device=1), SHAPE, ns=US, marker=1,
         source=target.span(0, SHAPE.bytes))  # fmt: skip
    b.memcpy(home, target, after)
    b.expect(home, lambda: np.full(size, 7, np.uint8))
    for device in (0, 1):
        b.device_synchronize(device)
    return b.build()


@pytest.mark.parametrize("collector", ["auto", "events"])
def test_a_peer_copy_runs_beside_kernels_on_both_devices(collector: str) -> None:
    trace = run(moved(64 * MIB), collector, repeat=3, warmup=2)
    assert trace.meta.verified == 3
    assert [d.id for d in trace.meta.devices] == [0, 1]
    assert trace.meta.paced == "gated"
    assert not any("can't reach" in note for note in trace.meta.notes)
    copies = rows(trace, copy_kind="PtoP")
    assert len(copies) == 3
    for copy in copies:
        assert (copy["engine"], copy["device"]) == ("P2P", 0)
        assert (copy["src_device"], copy["dst_device"]) == (0, 1)
        assert copy["bytes"] == 64 * MIB
        for device in (0, 1):
            beside = [r for r in rows(trace, name=f"ker_{device}", device=device)
                      if r["start"] <= copy["start"] and copy["end"] <= r["end"]]  # fmt: skip
            assert len(beside) == 1
        gbps = copy["bytes"] / (copy["end"] - copy["start"])
        assert gbps > 10, "slower than any link between two devices"


def test_an_event_orders_two_devices_and_their_clocks_agree() -> None:
    trace = run(moved(8 * MIB), repeat=5, warmup=2)
    copies, consumers = rows(trace, copy_kind="PtoP"), rows(trace, name="consumer", device=1)
    late = [c["start"] - p["end"] for p, c in zip(copies, consumers, strict=True)]
    assert min(late) > -SKEW_NS
    assert max(late) < 200 * US


def test_a_trace_says_how_far_the_clocks_are_apart() -> None:
    skews = run(moved(MIB), warmup=1).meta.provenance["device_clocks"]
    assert set(skews) == {"1"}
    assert abs(skews["1"]["skew_ns"]) < SKEW_NS + skews["1"]["uncertainty_ns"]
    assert skews["1"]["uncertainty_ns"] < 3 * SKEW_NS


def test_stamps_of_both_devices_lie_inside_their_kernels() -> None:
    trace = run(moved(MIB), repeat=3, warmup=1)
    clock = trace.meta.provenance["stamp_clock"]
    assert set(clock["globaltimer"]) == {"0", "1"}
    assert max(c["residual_ns"] for c in clock["globaltimer"].values()) < SKEW_NS
    assert clock["worst_stamp_outside_its_kernel_ns"] < SKEW_NS
    assert set(trace.stamps["device"].to_pylist()) == {0, 1}


def summed(count: int) -> Program:
    b = Builder("summed")
    streams = [b.stream(f"s{d}", device=d, priority=-5) for d in (0, 1)]
    parts = [
        b.device(f"part {d}", 4 * count, device=d,
                 fill=lambda d=d: np.arange(count, dtype=np.float32) % 1000 + d)  # type: ignore[misc]
        for d in (0, 1)
    ]  # fmt: skip
    homes = [b.host(f"home {d}", 4 * count, pinned=True) for d in (0, 1)]
    b.all_reduce(parts, streams)
    for part, home, stream in zip(parts, homes, streams, strict=True):
        b.memcpy(home, part, stream)
        b.expect(home, lambda: np.arange(count, dtype=np.float32) % 1000 * 2 + 1)
    for device in (0, 1):
        b.device_synchronize(device)
    return b.build()


@pytest.mark.parametrize("count", [1, 1000, 1 << 21])
def test_an_all_reduce_adds_up_without_a_warm_up(count: int) -> None:
    trace = run(summed(count), repeat=2, warmup=0)
    assert trace.meta.verified == 4
    assert trace.meta.paced == "gated"
    assert not any("watchdog" in note for note in trace.meta.notes)
    if trace.meta.source != "cupti":
        return
    first, second = (collectives(trace, device) for device in (0, 1))
    assert len(first) == len(second) == 2
    for one, other in zip(first, second, strict=True):
        assert max(one["start"], other["start"]) < min(one["end"], other["end"]) + SKEW_NS
        assert abs(one["end"] - other["end"]) < 100 * US


def test_streams_of_two_devices_keep_their_names() -> None:
    trace = run(moved(MIB))
    known = {(s["device"], s["stream"]): s["name"] for s in trace.streams.to_pylist()}
    used = {(a["device"], a["stream"]) for a in trace.activities.to_pylist()}
    assert used <= known.keys()
    assert {known[place] for place in used} == {"compute 0", "copy 0", "compute 1", "after 1"}


@pytest.mark.parametrize("name", ["p2p_pipeline", "allreduce_overlap"])
def test_the_variants_show_what_they_must(name: str) -> None:
    from timeline.analysis.shows import check_shows

    found = technique(name)
    traces = {v.name: run(found.program(v.name), repeat=5, warmup=2) for v in found.variants}
    wrong = [(r.check.name, r.value) for r in check_shows(name, traces) if not r.ok]
    assert not wrong
