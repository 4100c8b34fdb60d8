"""Laws that hold for every Program, checked on random ones."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.backends.base import RunOptions
from timeline.backends.sim import SimBackend, load_device
from timeline.program import Builder, Kernel, Program, StreamKind, Work
from timeline.trace import Trace

TINY = load_device(Path(__file__).with_name("tiny.toml"))
H200 = load_device("h200")
SIZES = (100, 1000, 1700)

Step = tuple[Any, ...]
steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("kernel"), st.integers(0, 3), st.sampled_from([0, 50, 130]),
            st.sampled_from([1, 3, 9, 40]), st.sampled_from([32, 256, 1024]),
            st.sampled_from([0, 0, 90, 400]), st.sampled_from([0, 0, 40]),
        ),
        st.tuples(st.sampled_from(["h2d", "d2h", "d2d", "set"]), st.integers(0, 3),
                  st.sampled_from(SIZES)),
        st.tuples(st.just("edge"), st.integers(0, 3), st.integers(0, 3)),
        st.tuples(st.sampled_from(["sync", "work"]), st.integers(0, 3)),
    ),
    max_size=25,
)  # fmt: skip


def build(plan: list[Step], *, legacy: bool = False, streams: int = 4) -> Program:
    """A Program of unconnected pieces of data, so that nothing in it can race."""
    b = Builder("random")
    made = [b.legacy_stream() if legacy and i == 0 else b.stream(f"s{i}", blocking=legacy)
            for i in range(streams)]  # fmt: skip
    for i, (what, s, *more) in enumerate(plan):
        stream = made[s % streams]
        if what == "kernel":
            ns, grid, block, dram, flops = more
            work = Work(block_ns=ns, flops=flops, dram_bytes=dram)
            kernel = Kernel(f"k{i}", "spin.cu", "spin", 16)
            b.launch(kernel, stream, grid=grid, block=block, work=work)
        elif what in ("h2d", "d2h"):
            h, d = b.host(f"h{i}", more[0], pinned=True), b.device(f"d{i}", more[0])
            b.memcpy(*((d, h) if what == "h2d" else (h, d)), stream)
        elif what == "d2d":
            b.memcpy(b.device(f"d{i}", more[0]), b.device(f"e{i}", more[0]), stream)
        elif what == "set":
            b.memset(b.device(f"d{i}", more[0]), 0, stream)
        elif what == "edge" and s % streams != more[0] % streams:
            event = b.event(f"e{i}")
            b.record(event, stream)
            b.wait(made[more[0] % streams], event)
        elif what == "sync":
            b.stream_synchronize(stream)
        elif what == "work":
            b.host_work("w", 70)
    return b.build()


def run(program: Program, model: Any = TINY, **options: Any) -> Trace:
    return SimBackend(model).run(program, RunOptions(**options))


def rows(trace: Trace) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = trace.activities.to_pylist()
    return sorted(found, key=lambda r: r["correlation"])


@settings(max_examples=60, deadline=None)
@given(steps, st.booleans())
def test_the_same_program_gives_the_same_trace_byte_for_byte(plan: list[Step], gate: bool) -> None:
    one, two = (run(build(plan), H200, gate=gate, repeat=2) for _ in range(2))
    assert one.meta == two.meta
    for name, table in one.tables.items():
        assert _bytes(table) == _bytes(two.tables[name]), name


def _bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


@settings(max_examples=100, deadline=None)
@given(steps, st.booleans(), st.booleans())
def test_a_stream_is_first_in_first_out(plan: list[Step], legacy: bool, real: bool) -> None:
    trace = run(build(plan, legacy=legacy), H200 if real else TINY)
    ends: dict[int, int] = defaultdict(int)
    for row in rows(trace):
        assert row["start"] >= ends[row["stream"]]
        assert row["end"] >= row["start"]
        ends[row["stream"]] = row["end"]


@settings(max_examples=100, deadline=None)
@given(steps)
def test_an_engine_serves_one_copy_at_a_time_in_order_of_readiness(plan: list[Step]) -> None:
    by_engine = defaultdict(list)
    for row in run(build(plan)).activities.to_pylist():
        by_engine[row["engine"]].append((row["start"], row["end"]))
    for engine in ("H2D", "D2H"):
        spans = sorted(by_engine[engine])
        assert all(a[1] <= b[0] for a, b in pairwise(spans))


@settings(max_examples=100, deadline=None)
@given(steps)
def test_no_schedule_beats_the_bound(plan: list[Step]) -> None:
    """Nobody is faster than alone, and nothing is done by more than there is to do it."""
    trace = run(build(plan))
    found = rows(trace)
    busy: dict[str, int] = defaultdict(int)
    traffic = work = 0.0
    kernels = iter(s for s in plan if s[0] == "kernel")
    for row in found:
        taken = row["end"] - row["start"]
        if row["kind"] == "kernel":
            _, _, ns, grid, _, dram, flops = next(kernels)
            assert taken >= max(ns, flops, grid * dram / 100) - 1e-6
            traffic += grid * dram
            work += grid * flops
        elif row["engine"] in ("H2D", "D2H"):
            assert taken >= row["bytes"]
            busy[row["engine"]] += row["bytes"]
        else:
            traffic += row["bytes"] * (2 if row["copy_kind"] else 1)
    makespan = trace.span[1] - trace.span[0]
    assert makespan >= max((*busy.values(), work / 4, traffic / 100)) - 1


@settings(max_examples=100, deadline=None)
@given(steps)
def test_a_device_with_one_stream_does_one_thing_at_a_time(plan: list[Step]) -> None:
    trace = run(build(plan, streams=1))
    spans = [(r["start"], r["end"]) for r in rows(trace)]
    assert spans == sorted(spans)
    host = sum(70 for s in plan if s[0] == "work")
    assert trace.span[1] - trace.span[0] <= sum(e - s for s, e in spans) + host


def _without_kernels(plan: list[Step]) -> list[Step]:
    """Blocks compete for places, and more order can then even help; copies of one direction too."""
    return [
        ("kernel", s[1], s[2], 1, 32, 0, 0) if s[0] == "kernel" else s
        for s in plan
        if s[0] in ("kernel", "edge", "work", "sync")
    ]


@settings(max_examples=100, deadline=None)
@given(steps, st.data())
def test_adding_a_wait_makes_nothing_earlier(plan: list[Step], data: st.DataObject) -> None:
    """For work that doesn't compete: then time is the longest path, and an edge only adds paths."""
    plan = _without_kernels(plan)
    at = data.draw(st.integers(0, len(plan)))
    edge = ("edge", data.draw(st.integers(0, 3)), data.draw(st.integers(0, 3)))
    roomy = TINY.replace(sm={"blocks": 64, "resident_grids": 64})
    before = [r["end"] for r in rows(run(build(plan), roomy))]
    after = [r["end"] for r in rows(run(build([*plan[:at], edge, *plan[at:]]), roomy))]
    assert all(b <= a for b, a in zip(before, after, strict=True))


@settings(max_examples=100, deadline=None)
@given(steps)
def test_legacy_work_never_overlaps_work_of_blocking_streams(plan: list[Step]) -> None:
    program = build(plan, legacy=True)
    legacy = {s.id for s in program.streams if s.kind is StreamKind.LEGACY}
    found = [r for r in rows(run(program)) if r["end"] > r["start"]]
    for one in found:
        for two in found:
            if one["stream"] in legacy and two["stream"] not in legacy:
                assert one["end"] <= two["start"] or two["end"] <= one["start"]


@settings(max_examples=60, deadline=None)
@given(steps)
def test_the_launch_queue_only_delays_the_host(plan: list[Step]) -> None:
    """Looking ahead while the queue is full gives what waking the host every time would give."""
    plan = [s for s in plan if s[0] not in ("sync", "work")] * 3
    model = H200.replace(host={"queue_depth": 3})
    quick = run(build(plan), model, gate=False)
    slow = _one_at_a_time(plan, model)
    for name in ("activities", "calls", "events"):
        assert quick.tables[name].equals(slow.tables[name])


def _one_at_a_time(plan: list[Step], model: Any) -> Trace:
    """With a second host thread that does nothing, no thread may look ahead."""
    program = build(plan)
    b = Builder("idle")
    b.host_work("nothing", 0)
    idle = b.build().threads[0]
    threads = (*program.threads, type(idle)("idle", idle.ops))
    changed = Program(program.name, threads, program.streams, program.events, program.buffers)
    return SimBackend(model).run(changed, RunOptions(gate=False))


@settings(max_examples=60, deadline=None)
@given(steps)
def test_repeats_without_pools_are_equal(plan: list[Step]) -> None:
    trace = run(build(plan), H200, repeat=3)
    start = trace.column("activities", "start")
    per = [(start[(start >= a) & (start < b)] - a).tolist() for a, b in trace.meta.repeats]
    assert per[0] == per[1] == per[2]
    assert np.all(np.diff(start) >= 0)
