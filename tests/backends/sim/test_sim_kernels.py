"""Kernels: occupancy, waves, the block scheduler, contention, launches that can't be."""

from __future__ import annotations

from typing import Any

import pytest

from timeline.backends.sim import SimBackend
from timeline.errors import ProgramError
from timeline.program import Builder, Kernel, Pipeline, Work


def test_a_grid_runs_in_waves(sim: Any) -> None:
    b = Builder("p")
    sim.launch(b, "k", b.stream("s"), 100, grid=10)  # 4 blocks of 1024 threads at a time
    assert sim.spans(b) == {"k": (0, 300)}


@pytest.mark.parametrize(
    ("limits", "waves"),
    [
        ({"block": 256}, 1),  # 4 blocks an SM
        ({"block": 512}, 2),  # threads: 2 an SM
        ({"block": 32}, 1),  # block slots: 4 an SM
        ({"block": 256, "shared": 2048}, 2),  # shared memory: 2 an SM
        ({"block": 256, "registers": 128}, 2),  # registers: 32,768 a block
        ({"block": 256, "dynamic_shared_bytes": 2049}, 4),  # shared memory: 1 an SM
    ],
)
def test_what_limits_the_blocks_of_an_sm(sim: Any, limits: dict[str, int], waves: int) -> None:
    b = Builder("p")
    sim.launch(b, "k", b.stream("s"), 100, grid=16, **limits)
    assert sim.spans(b) == {"k": (0, waves * 100)}


def test_small_grids_share_the_device(sim: Any) -> None:
    b = Builder("p")
    sim.launch(b, "a", b.stream("s"), 100, grid=2)
    sim.launch(b, "b", b.stream("t"), 100, grid=2)
    sim.launch(b, "c", b.stream("u"), 100, grid=1)
    assert sim.spans(b) == {"a": (0, 100), "b": (0, 100), "c": (100, 200)}


def test_a_later_grid_gets_what_the_earlier_one_leaves(sim: Any) -> None:
    b = Builder("p")
    sim.launch(b, "a", b.stream("s"), 100, grid=6)
    sim.launch(b, "b", b.stream("t"), 100, grid=3)
    # a: 4 blocks, then 2 beside 2 of b, whose last one comes third
    assert sim.spans(b) == {"a": (0, 200), "b": (100, 300)}


def test_a_big_grid_holds_a_small_one_back_until_its_last_wave(sim: Any) -> None:
    b = Builder("p")
    sim.launch(b, "a", b.stream("s"), 100, grid=4 * 1000)
    sim.launch(b, "b", b.stream("t"), 10, grid=1)
    assert sim.spans(b) == {"a": (0, 100_000), "b": (100_000, 100_010)}


def test_high_priority_comes_first_when_blocks_end(sim: Any) -> None:
    b = Builder("p")
    sim.launch(b, "a", b.stream("s"), 100, grid=4 * 1000)
    sim.launch(b, "b", b.stream("t", priority=-1), 10, grid=1)
    spans = sim.spans(b)
    assert spans["b"] == (100, 110)
    # it takes one of four places for 10 ns; 3,996 blocks remain: 999 waves, one place 10 ns late
    assert spans["a"] == (0, 100_010)


def test_without_head_of_line_blocking_small_blocks_slip_past(sim: Any) -> None:
    b = Builder("p")
    sim.launch(b, "a", b.stream("s"), 100, grid=4, block=512)
    sim.launch(b, "b", b.stream("t"), 100, grid=4, block=1024)
    sim.launch(b, "c", b.stream("u"), 10, grid=1, block=512)
    strict = sim.spans(b)
    loose = sim.with_(semantics={"head_of_line": False}).spans(b)
    assert (strict["b"], strict["c"]) == ((100, 200), (200, 210))
    assert (loose["b"], loose["c"]) == ((100, 200), (0, 10))


def test_the_limit_of_resident_grids(sim: Any) -> None:
    b = Builder("p")
    for i in range(9):
        sim.launch(b, f"k{i}", b.stream(f"s{i}"), 100, block=32)
    spans = sim.spans(b)
    assert [spans[f"k{i}"][0] for i in range(9)] == [0] * 8 + [100]


def test_the_front_end_starts_one_grid_after_the_other(sim: Any) -> None:
    b = Builder("p")
    for i in range(4):
        sim.launch(b, f"k{i}", b.stream(f"s{i}"), 100, block=32)
    slow = sim.with_(sm={"grid_interval_ns": 7})
    assert sorted(s for s, _ in slow.spans(b).values()) == [0, 7, 14, 21]


def test_bandwidth_is_shared_fairly(sim: Any) -> None:
    b = Builder("p")
    sim.launch(b, "a", b.stream("s"), grid=4, block=512, dram=1000)
    sim.launch(b, "b", b.stream("t"), grid=4, block=512, dram=2000)
    # alone 40 and 80 ns at 100 bytes/ns; together half of that each until a ends
    assert sim.spans(b) == {"a": (0, 80), "b": (0, 120)}


def test_who_needs_little_bandwidth_is_not_slowed(sim: Any) -> None:
    b = Builder("p")
    sim.launch(b, "spin", b.stream("s"), 100, grid=4, block=512, dram=250)  # 10 bytes/ns
    sim.launch(b, "copy", b.stream("t"), grid=4, block=512, dram=2000)
    # the copy gets the other 90 bytes/ns
    spans = sim.spans(b)
    assert spans["spin"] == (0, 100)
    assert spans["copy"] == (0, 89)


def test_few_blocks_can_not_draw_all_bandwidth(sim: Any) -> None:
    b = Builder("p")
    sim.launch(b, "a", b.stream("s"), grid=1, dram=1000)
    assert sim.spans(b) == {"a": (0, 25)}


def test_arithmetic_of_an_sm_is_shared(sim: Any) -> None:
    b = Builder("p")
    sim.launch(b, "a", b.stream("s"), grid=4, block=256, flops=100)
    sim.launch(b, "b", b.stream("t"), grid=4, block=256, flops=100)
    assert sim.spans(b) == {"a": (0, 200), "b": (0, 200)}


def test_arithmetic_on_different_sms_is_not(sim: Any) -> None:
    b = Builder("p")
    sim.launch(b, "a", b.stream("s"), grid=2, block=256, flops=100)
    sim.launch(b, "b", b.stream("t"), grid=2, block=256, flops=100)
    assert sim.spans(b) == {"a": (0, 100), "b": (0, 100)}


def test_the_longest_of_the_three_costs_counts(sim: Any) -> None:
    b = Builder("p")
    s = b.stream("s")
    sim.launch(b, "fixed", s, 500, grid=4, flops=100, dram=100)
    sim.launch(b, "arithmetic", s, 50, grid=4, flops=100, dram=100)
    sim.launch(b, "bandwidth", s, 50, grid=4, flops=10, dram=10_000)
    assert sim.spans(b) == {"fixed": (0, 500), "arithmetic": (500, 600), "bandwidth": (600, 1000)}


def test_work_is_conserved_when_big_kernels_meet(sim: Any) -> None:
    b = Builder("p")
    for i in range(3):
        sim.launch(b, f"k{i}", b.stream(f"s{i}"), grid=400, block=256, dram=100)
    ends = [end for _, end in sim.spans(b).values()]
    assert max(ends) == pytest.approx(3 * 400 * 100 / 100, rel=0.02)


def test_cooperative_grids_need_all_their_blocks_at_once(sim: Any) -> None:
    b = Builder("p")
    sim.launch(b, "a", b.stream("s"), 100, grid=1)
    sim.launch(b, "c", b.stream("t"), 50, grid=4, cooperative=True)
    assert sim.spans(b) == {"a": (0, 100), "c": (100, 150)}


def test_two_cooperative_grids_overlap_unless_the_device_says_no(sim: Any) -> None:
    b = Builder("p")
    sim.launch(b, "c", b.stream("s"), 100, grid=2, cooperative=True)
    sim.launch(b, "d", b.stream("t"), 100, grid=2, cooperative=True)
    assert sim.spans(b) == {"c": (0, 100), "d": (0, 100)}
    exclusive = sim.with_(semantics={"cooperative_exclusive": True})
    assert exclusive.spans(b) == {"c": (0, 100), "d": (100, 200)}


def test_clusters_start_as_a_whole(sim: Any) -> None:
    b = Builder("p")
    sim.launch(b, "a", b.stream("s"), 100, grid=1)
    sim.launch(b, "c", b.stream("t"), 50, grid=4, cluster=2)
    # three SMs are free: one cluster of two fits, the next one when that one ends
    assert sim.spans(b) == {"a": (0, 100), "c": (0, 100)}


def test_a_block_that_fits_on_no_sm_is_refused(sim: Any) -> None:
    b = Builder("p")
    sim.launch(b, "k", b.stream("s"), 1, dynamic_shared_bytes=5000)
    with pytest.raises(ProgramError, match=r"k: a block needs 5000 bytes of shared memory.* 4096"):
        sim.run(b)


def test_a_cooperative_grid_that_is_too_large_is_refused(sim: Any) -> None:
    b = Builder("p")
    sim.launch(b, "k", b.stream("s"), 1, grid=5, cooperative=True)
    with pytest.raises(ProgramError, match="a cooperative grid of 5 blocks, only 4 can be"):
        sim.run(b)


def test_a_cluster_that_is_too_large_is_refused(sim: Any) -> None:
    b = Builder("p")
    sim.launch(b, "k", b.stream("s"), 1, grid=8, block=32, cluster=8)
    with pytest.raises(ProgramError, match="a cluster of 8 blocks, the device allows 4"):
        sim.run(b)


# Stamps of a pipeline


def test_a_pipeline_has_a_stamp_a_role_and_tile(sim: Any) -> None:
    b = Builder("p")
    pipeline = Pipeline(("loader", "compute"), (10, 20), (2,), 3)
    sim.launch(
        b, "k", b.stream("s"), 140, roles=("loader", "compute"), tiles=2, stamped=1, grid=2,
        pipeline=pipeline,
    )  # fmt: skip
    rows = sim.run(b).stamps.to_pylist()
    assert pipeline.ns == 70
    assert {row["block"] for row in rows} == {0}
    assert [(r["role"], r["tile"], r["start"], r["end"]) for r in rows] == [
        ("loader", 0, 0, 20),  # the block took twice as long as its pipeline
        ("loader", 1, 20, 40),
        ("compute", 0, 20, 60),
        ("compute", 1, 60, 100),
    ]


def test_tensor_cores_have_a_rate_of_their_own(sim: Any) -> None:
    b = Builder("p")
    sim.launch(b, "k", b.stream("s"), grid=8, block=256, tensor=1000.0)  # two blocks an SM
    assert sim.spans(b) == {"k": (0, 200)}


def test_the_l2_cache_has_a_bandwidth_of_its_own(sim: Any) -> None:
    b = Builder("p")
    sim.launch(b, "k", b.stream("s"), grid=4, block=256, l2=12_500.0)  # 50,000 bytes at 500
    assert sim.spans(b) == {"k": (0, 100)}


def test_kernels_that_read_the_l2_cache_share_it(sim: Any) -> None:
    b = Builder("p")
    sim.launch(b, "a", b.stream("s"), grid=4, block=256, l2=12_500.0)
    sim.launch(b, "b", b.stream("t"), grid=4, block=256, l2=12_500.0)
    assert sim.spans(b) == {"a": (0, 200), "b": (0, 200)}


def test_what_a_device_lacks_is_replaced_and_the_trace_says_so() -> None:
    fast = Kernel("fast", "spin.cu", "spin", needs=("wgmma",))
    b = Builder("p")
    stream = b.stream("s")
    b.launch(fast, stream, grid=1, block=32, work=Work(10))
    with b.otherwise():
        b.launch(Kernel("plain", "spin.cu", "spin"), stream, grid=1, block=32, work=Work(20))
    trace = SimBackend("a100").run(b.build())
    assert trace.names("activities", "name") == ["plain"]
    assert any("has no wgmma: plain ran in place of fast" in note for note in trace.meta.notes)
    assert SimBackend("h200").run(b.build()).names("activities", "name") == ["fast"]
