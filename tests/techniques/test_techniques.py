"""Every technique, every variant: built, checked for races, executed in order, verified."""

from collections.abc import Callable, Mapping
from typing import TypeGuard

import pytest

from timeline.errors import DataRaceError, UsageError
from timeline.program import (
    DeviceSynchronize,
    EventQuery,
    EventSynchronize,
    GraphLaunch,
    HostThread,
    Launch,
    MallocAsync,
    Memcpy,
    MemoryKind,
    Op,
    Param,
    Program,
    RangePop,
    RangePush,
    StreamKind,
    StreamOp,
    StreamSynchronize,
    StreamWaitEvent,
    is_host_paced,
    validate,
)
from timeline.techniques import NAMES, Technique, technique

Run = Callable[[Program], int]
VARIANTS = [(name, v.name) for name in NAMES for v in technique(name).variants]

SMALL: Mapping[str, Mapping[str, Param]] = {
    "three_way_overlap": {"total_mib": 1, "chunks": 8},
    "pinned_vs_pageable": {"batch_mib": 1},
    "stream_ordered_alloc": {"batch_mib": 1},
    "multistream_warp_specialized": {"tiles": 2},
    "two_pipelines": {"tiles": 20, "grid": 3},
    "variable_scratch": {"tokens": 40, "grow": 24, "apart": 8, "heads": 2},
    "saturation": {"copy_mib": 1},
    "stream_priority": {"resident": 8},
    "p2p_pipeline": {"activation_mib": 1},
    "allreduce_overlap": {"gradient_mib": 1},
    "cluster_pipeline": {"batches": 3, "tiles": 3, "rounds": 2},
    "pdl_cluster_gemm": {"pairs": 3, "m": 130, "n": 136, "k": 72},
    "torch_dataloader": {"batch_mib": 1},
    "torch_allocator": {"scratch_mib": 1, "grow_mib": 2, "batches": 5},
    "nixl_transfer": {"block_mib": 1},
}

EXTREMES: list[tuple[str, Mapping[str, Param]]] = [
    ("five_kernels", {"order": "figure", "host_us": 0, "grid": 1, "block": 1}),
    ("five_kernels", {"kernel_us": 20_000, "grid": 4096, "block": 33}),
    ("three_way_overlap", {"total_mib": 1, "chunks": 1, "streams": 1, "iters": 0}),
    ("three_way_overlap", {"total_mib": 1, "chunks": 7, "streams": 3, "iters": 1}),
    ("three_way_overlap", {"total_mib": 1, "chunks": 1024, "streams": 32, "iters": 1_000_000}),
    ("three_way_overlap", {"total_mib": 2, "chunks": 3, "streams": 32}),
    ("pinned_vs_pageable", {"batches": 1, "batch_mib": 1, "streams": 1, "iters": 0}),
    ("pinned_vs_pageable", {"batches": 9, "batch_mib": 1, "streams": 32}),
    ("stream_ordered_alloc", {"batches": 1, "batch_mib": 1, "sync_every": 1, "half_gib": 0}),
    ("stream_ordered_alloc", {"batches": 7, "batch_mib": 1, "sync_every": 3}),
    ("stream_ordered_alloc", {"batches": 5, "batch_mib": 1, "sync_every": 999}),
    ("multistream_warp_specialized", {"batches": 1, "tiles": 1, "iters": 0}),
    ("multistream_warp_specialized", {"batches": 7, "tiles": 3, "iters": 1_000_000}),
    ("multistream_warp_specialized", {"batches": 2, "tiles": 3, "side": 32}),
    ("two_pipelines", {"batches": 1, "tiles": 1, "short": 1023, "grid": 4096, "iters": 0}),
    ("two_pipelines", {"batches": 5, "tiles": 9, "short": 1, "grid": 2, "streams": 3}),
    ("variable_scratch", {"sequences": 1, "steps": 1, "tokens": 1, "grow": 1, "heads": 1}),
    ("variable_scratch", {"steps": 3, "tokens": 65, "grow": 5, "apart": 0, "heads": 3}),
    ("layerwise_pipeline", {"batches": 1, "layers": 2, "layer_us": 1, "grid": 1}),
    ("layerwise_pipeline", {"batches": 3, "layers": 7, "layer_us": 20_000}),
    ("default_stream_barrier", {"kernels": 2, "grid": 1, "block": 1024}),
    ("default_stream_barrier", {"kernels": 64}),
    ("per_thread_default_stream", {"threads": 2, "kernels": 2}),
    ("per_thread_default_stream", {"threads": 16, "kernels": 64, "grid": 2}),
    ("event_wait", {"rounds": 1}),
    ("event_wait", {"rounds": 64, "grid": 3, "block": 7}),
    ("saturation", {"rounds": 1, "copy_mib": 1, "passes": 1, "iters": 0, "grid": 1}),
    ("saturation", {"rounds": 3, "copy_mib": 9, "passes": 1024, "grid": 7, "copy_block": 32}),
    ("concurrency_limit", {"most": 1, "steps": 1, "fewest_chunks": 1, "doublings": 0}),
    ("concurrency_limit", {"most": 100, "steps": 7, "fewest_chunks": 256, "doublings": 2}),
    ("host_callback", {"batches": 1, "slots": 16}),
    ("host_callback", {"batches": 9, "slots": 4, "grid": 3, "block": 7}),
    ("event_dag", {"rounds": 1, "grid": 1, "block": 1}),
    ("event_dag", {"rounds": 64}),
    ("stream_priority", {"rounds": 1, "waves": 2, "resident": 1, "small_grid": 1024}),
    ("stream_priority", {"rounds": 9, "resident": 3, "block": 33, "priority": 0}),
    ("graph_capture", {"replays": 1, "branches": 2, "depth": 1}),
    ("graph_capture", {"replays": 3, "branches": 32, "depth": 2, "block": 33}),
    ("p2p_pipeline", {"devices": 8, "activation_mib": 1, "batches": 1, "iters": 0}),
    ("p2p_pipeline", {"devices": 3, "activation_mib": 1, "layers": 7, "batches": 5}),
    ("p2p_pipeline", {"devices": 2, "activation_mib": 1, "layers": 2, "iters": 4096}),
    ("allreduce_overlap", {"devices": 8, "gradient_mib": 1, "layers": 1, "iters": 0}),
    ("allreduce_overlap", {"devices": 3, "gradient_mib": 1, "layers": 5, "iters": 65_536}),
    ("nixl_transfer", {"block_mib": 1, "rounds": 1, "iters": 0}),
    ("nixl_transfer", {"block_mib": 1, "rounds": 9, "iters": 4096}),
    ("torch_dataloader", {"batches": 1, "batch_mib": 1, "layers": 1}),
    ("torch_dataloader", {"batches": 5, "batch_mib": 1, "layers": 31}),
    ("torch_allocator", {"batches": 2, "scratch_mib": 1, "grow_mib": 2}),
    ("torch_allocator", {"batches": 9, "scratch_mib": 1, "grow_mib": 3}),
    ("pdl", {"pairs": 1, "prologue_us": 0, "trigger": "early"}),
    ("pdl", {"pairs": 128, "grid": 1, "block": 1024}),
    ("cluster_pipeline", {"batches": 1, "tiles": 1, "rounds": 1, "grid": 2, "cluster_size": 2}),
    ("cluster_pipeline", {"batches": 5, "tiles": 2, "rounds": 3, "grid": 32, "cluster_size": 16}),
    ("cluster_pipeline", {"batches": 3, "tiles": 2, "rounds": 2, "streams": 16, "cluster_size": 8}),
    ("pdl_cluster_gemm", {"pairs": 1, "m": 1, "n": 8, "k": 8}),
    ("pdl_cluster_gemm", {"pairs": 64, "m": 5, "n": 16, "k": 24, "trigger": "early"}),
]


def small(name: str, variant: str) -> Program:
    return technique(name).program(variant, **SMALL.get(name, {}))


def launches(program: Program) -> list[Launch]:
    return [op for op in program.ops() if isinstance(op, Launch)]


def without(program: Program, kind: type[Op]) -> Program:
    """The Program, were one kind of operation forgotten."""
    threads = tuple(
        HostThread(t.name, tuple(op for op in t.ops if not isinstance(op, kind)))
        for t in program.threads
    )
    return Program(
        program.name, threads, program.streams, program.events, program.buffers, program.graphs
    )


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_outputs_are_the_known_answers(name: str, variant: str, verified: Run) -> None:
    assert verified(small(name, variant)) > 0


@pytest.mark.parametrize(("name", "params"), EXTREMES)
def test_extreme_parameters(name: str, params: Mapping[str, Param], verified: Run) -> None:
    for variant in technique(name).variants:
        assert verified(technique(name).program(variant.name, **params)) > 0


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_defaults_build_and_say_what_they_are(name: str, variant: str) -> None:
    program = technique(name).program(variant)
    defaults = {p.name: p.default for p in technique(name).parameters}
    assert program.labels == {"technique": name, "variant": variant, **defaults}
    assert program.name == f"{name}/{variant}"


@pytest.mark.parametrize("name", NAMES)
def test_the_baseline_is_the_default(name: str) -> None:
    row = technique(name)
    assert row.program() == row.program(row.variants[0].name)
    assert row.variants[0].changes.startswith("baseline")


@pytest.mark.parametrize("name", NAMES)
def test_it_states_itself(name: str) -> None:
    row = technique(name)
    assert row.id == name
    assert all((row.title, row.section, row.summary, row.shows, row.bound, row.claims))
    names = [v.name for v in row.variants] + [p.name for p in row.parameters]
    assert len(set(names)) == len(names)
    assert set(row.pair) <= {v.name for v in row.variants}
    assert all(p.doc for p in row.parameters)
    assert all(v.name in row.shows or v.name in row.bound for v in row.variants)


@pytest.mark.parametrize(
    ("name", "parameter"),
    [(name, p.name) for name in NAMES for p in technique(name).parameters],
)
def test_parameters_have_limits(name: str, parameter: str) -> None:
    row: Technique = technique(name)
    limits = next(p for p in row.parameters if p.name == parameter)
    if limits.choices:
        with pytest.raises(UsageError, match=parameter):
            row.program(None, **{parameter: "sideways"})
        return
    assert limits.minimum is not None
    with pytest.raises(UsageError, match="at least"):
        row.program(None, **{parameter: int(limits.minimum) - 1})
    if limits.maximum is not None:
        with pytest.raises(UsageError, match="at most"):
            row.program(None, **{parameter: int(limits.maximum) + 1})


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_every_thread_ends_synchronised(name: str, variant: str) -> None:
    for thread in small(name, variant).threads:
        last = [op for op in thread.ops if not isinstance(op, RangePush | RangePop)][-1]
        assert isinstance(last, DeviceSynchronize | StreamSynchronize)


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("three_way_overlap", "serial"),
        ("three_way_overlap", "depth_first"),
        ("pinned_vs_pageable", "pinned"),
        ("saturation", "bandwidth_together"),
        ("concurrency_limit", "kernels_129"),
        ("concurrency_limit", "sweep"),
        ("event_wait", "event"),
        ("host_callback", "side_stream"),
        ("event_dag", "events"),
        ("stream_priority", "high"),
        ("graph_capture", "stream_launches"),
        ("pdl", "pdl"),
        ("default_stream_barrier", "stray_legacy"),
    ],
)
def test_all_that_is_compared_is_enqueued_behind_the_gate(name: str, variant: str) -> None:
    ops = small(name, variant).threads[0].ops
    paced = next(i for i, op in enumerate(ops) if is_host_paced(op))
    assert not any(isinstance(op, Launch) for op in ops[paced:])


@pytest.mark.parametrize(
    ("name", "variant", "kind"),
    [
        ("event_wait", "event", StreamWaitEvent),
        ("event_wait", "stream_synchronize", StreamSynchronize),
        ("event_wait", "device_synchronize", DeviceSynchronize),
        ("host_callback", "synchronize", EventSynchronize),
        ("host_callback", "poll", EventQuery),
        ("host_callback", "side_stream", StreamWaitEvent),
        ("event_dag", "events", StreamWaitEvent),
        ("graph_capture", "stream_launches", StreamWaitEvent),
    ],
)
def test_the_ordering_is_needed(name: str, variant: str, kind: type[Op]) -> None:
    program = small(name, variant)
    with pytest.raises(DataRaceError):
        validate(without(program, kind))


def test_five_kernels_in_the_orders_of_listing_and_figure() -> None:
    row = technique("five_kernels")

    def second(order: str) -> list[str]:
        found = launches(row.program("two_streams", order=order))
        assert [op.kernel.name for op in found] == ["ker_1", "ker_A", "ker_B", "ker_2", "ker_3"]
        return [op.kernel.name for op in found if op.stream.name == "stream 2"]

    assert second("listing") == ["ker_A", "ker_2"]
    assert second("figure") == ["ker_A", "ker_B"]
    assert {op.stream for op in launches(row.program("one_stream"))} == {
        launches(row.program("one_stream"))[0].stream
    }


def test_three_way_overlap_copies_every_byte_once() -> None:
    for variant in ("serial", "depth_first", "breadth_first"):
        program = technique("three_way_overlap").program(variant, total_mib=3, chunks=7)
        copies = [op for op in program.ops() if isinstance(op, Memcpy)]
        assert sum(op.bytes for op in copies) == 2 * 3 << 20
        assert len(copies) == 14
        streams = {op.stream for op in copies}
        assert len(streams) == (1 if variant == "serial" else 4)


def test_breadth_first_issues_copies_in_kernels_copies_out() -> None:
    program = technique("three_way_overlap").program(
        "breadth_first", total_mib=1, chunks=5, streams=2
    )
    letters = "".join(
        op.kind.value[0] if isinstance(op, Memcpy) else "K"
        for op in program.ops()
        if isinstance(op, Memcpy | Launch)
    )
    assert letters == "HHKKDD" * 2 + "HKD"


def test_pinned_and_pageable_differ_in_the_memory_alone() -> None:
    pageable, pinned = (small("pinned_vs_pageable", v) for v in ("pageable", "pinned"))
    assert [type(op) for op in pageable.ops()] == [type(op) for op in pinned.ops()]
    kinds = [{b.kind for b in p.buffers if b.kind.on_host} for p in (pageable, pinned)]
    assert kinds == [{MemoryKind.PAGEABLE}, {MemoryKind.PINNED}]


def test_default_stream_barrier_changes_one_stream_at_a_time() -> None:
    kinds = {
        v.name: [s.kind for s in small("default_stream_barrier", v.name).streams]
        for v in technique("default_stream_barrier").variants
    }
    blocking, free = StreamKind.BLOCKING, StreamKind.NON_BLOCKING
    assert kinds == {
        "named_streams": [blocking, blocking, blocking],
        "stray_legacy": [blocking, blocking, StreamKind.LEGACY],
        "non_blocking": [free, free, StreamKind.LEGACY],
    }


def test_per_thread_default_stream_changes_one_stream_at_a_time() -> None:
    def streams(variant: str) -> list[tuple[str, str]]:
        found = launches(small("per_thread_default_stream", variant))
        return sorted({(op.kernel.name, op.stream.kind.value) for op in found})

    own = [(f"ker_{n}", "per_thread") for n in range(1, 5)]
    assert streams("legacy") == [(name, "legacy") for name, _ in [*own, ("ker_library", "")]]
    assert streams("per_thread") == [*own, ("ker_library", "per_thread")]
    assert streams("legacy_sync") == [*own, ("ker_library", "legacy")]


def test_pdl_differs_in_the_attribute_of_the_secondary_alone() -> None:
    plain, dependent = (launches(small("pdl", v)) for v in ("stream_order", "pdl"))
    assert [(a.kernel, a.args, a.work) for a in plain] == [
        (a.kernel, a.args, a.work) for a in dependent
    ]
    assert not any(op.pdl for op in plain)
    assert all(op.pdl == (op.kernel.name == "secondary") for op in dependent)


def test_pdl_triggers_where_it_is_told_to() -> None:
    early = launches(technique("pdl").program("pdl", trigger="early"))[0]
    late = launches(technique("pdl").program("pdl"))[0]
    assert (early.work.trigger_ns, late.work.trigger_ns) == (0, 50_000)
    assert (early.args[-1], late.args[-1]) == (1, 0)


def test_saturation_differs_in_the_streams_alone() -> None:
    for kind in ("bandwidth", "compute", "mixed"):
        alone, together = (
            launches(small("saturation", f"{kind}_{h}")) for h in ("alone", "together")
        )
        assert [(a.kernel, a.args[2:], a.work) for a in alone] == [
            (a.kernel, a.args[2:], a.work) for a in together
        ]
        assert len({op.stream for op in alone}) == 1
        assert len({op.stream for op in together}) == 2


def test_kernels_of_a_copy_leave_room_for_another() -> None:
    row = technique("saturation")
    copy = launches(row.program("bandwidth_together"))[0]
    threads = copy.block[0]
    assert 2 * threads <= 2048
    assert 2 * threads * copy.kernel.registers <= 65_536


@pytest.mark.parametrize("variant", ["kernels_128", "kernels_129", "cooperative"])
def test_each_small_kernel_has_a_stream_of_its_own(variant: str) -> None:
    found = launches(small("concurrency_limit", variant))
    assert len({op.stream for op in found}) == len(found) == 128 + (variant == "kernels_129")
    assert all(op.cooperative == (variant == "cooperative") for op in found)


def test_steps_of_the_sweeps() -> None:
    row = technique("concurrency_limit")

    def steps(variant: str, **params: Param) -> dict[str, float]:
        found: dict[str, float] = {}
        for op in launches(row.program(variant, **params)):
            if op.kernel.name != "fence":
                found[op.kernel.name] = found.get(op.kernel.name, 0) + op.work.block_ns
        return found

    sweep = steps("sweep", most=9, steps=3, kernel_us=10)
    assert sweep == {"ker_of_3": 30_000, "ker_of_6": 60_000, "ker_of_9": 90_000}
    chunks = steps("chunks", work_us=1024, fewest_chunks=4, doublings=2)
    assert chunks == {"ker_of_4": 1_024_000, "ker_of_8": 1_024_000, "ker_of_16": 1_024_000}


def test_priorities_differ_alone() -> None:
    equal, high = (small("stream_priority", v) for v in ("equal", "high"))
    assert [s.priority for s in equal.streams] == [0, 0]
    assert [(s.name, s.priority) for s in high.streams] == [("compute", 0), ("communication", -5)]
    assert [type(op) for op in equal.ops()] == [type(op) for op in high.ops()]


def test_events_keep_the_time_or_do_not() -> None:
    plain, timed = (small("event_dag", v) for v in ("events", "timing_events"))
    assert not any(event.timing for event in plain.events)
    assert all(event.timing for event in timed.events)
    assert [type(op) for op in plain.ops()] == [type(op) for op in timed.ops()]


def test_a_task_waits_for_what_it_needs_in_other_streams_alone() -> None:
    program = technique("event_dag").program("events", rounds=1)
    waits = [(op.stream.name, op.event.name) for op in program.ops() if _waits(op)]
    assert waits == [
        ("B", "load 0"), ("C", "load 0"), ("D", "load 0"), ("C", "left 0"), ("D", "right 0"),
        ("A", "merge 0"), ("A", "tail 0"),
    ]  # fmt: skip
    assert not any(_waits(op) for op in technique("event_dag").program("one_stream").ops())


def _waits(op: Op) -> TypeGuard[StreamWaitEvent]:
    return isinstance(op, StreamWaitEvent)


def test_a_graph_holds_what_the_streams_are_given() -> None:
    row = technique("graph_capture")
    plain, graph = (row.program(v, replays=1) for v in ("stream_launches", "graph"))
    issued = [op for op in plain.ops() if isinstance(op, StreamOp)]
    captured = graph.graphs[0].ops
    assert len(captured) == 57
    assert [(type(a), a.stream) for a in captured] == [
        (type(op), op.stream) for op in issued[: len(captured)]
    ]
    assert sum(isinstance(op, MallocAsync) for op in captured) == 4
    replayed = technique("graph_capture").program("graph", replays=7)
    assert sum(isinstance(op, GraphLaunch) for op in replayed.ops()) == 7
