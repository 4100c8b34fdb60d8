"""A collective beside kernels: it slows those on its own SMs, and blocks can't move away."""

import pytest

from timeline.analysis import bound, communication, devices, together, work_of
from timeline.backends.base import RunOptions
from timeline.backends.sim import SimBackend, load_device
from timeline.program import Builder, Kernel, Work
from timeline.techniques import technique
from timeline.trace import Trace

OPTIONS = RunOptions(repeat=1, warmup=0, verify=False)
H100 = load_device("h100")
BLOCKS_AN_SM = 8
KERNEL = Kernel("layer", "layer.cu", "layer", registers=17)
MIB = 1 << 20


def lengths(trace: Trace) -> dict[str, int]:
    """Time of each activity of device 0 by its name, ns."""
    rows = trace.activities.to_pylist()
    return {r["name"]: r["end"] - r["start"] for r in rows if r["device"] == 0}


def beside(work: Work, blocks: int, mib: int = 8, collective: bool = True) -> dict[str, int]:
    """A kernel that starts right behind an all-reduce, or alone."""
    b = Builder("p")
    for device in (0, 1):
        b.device(f"x{device}", mib * MIB, device=device)
    buffers = list(b._buffers)
    streams = [b.stream(f"talk {device}", device=device) for device in (0, 1)]
    compute = b.stream("compute")
    if collective:
        b.all_reduce(buffers, streams)
    b.launch(KERNEL, compute, grid=blocks, block=256, work=work)
    return lengths(SimBackend(H100).run(b.build(), OPTIONS))


def one_wave() -> tuple[Work, int, float]:
    """A kernel that fills every SM once, its blocks, and its time alone, ns."""
    flops = 3_000_000.0
    alone = BLOCKS_AN_SM * flops / H100.sm.flops_per_ns
    return Work(flops=flops), BLOCKS_AN_SM * H100.sm.count, alone


def test_blocks_on_the_sms_of_a_collective_end_later() -> None:
    """Two of eight blocks fit beside it and share the schedulers with its 17 warps."""
    work, blocks, alone = one_wave()
    found = beside(work, blocks)
    talked = found["ncclDevKernel_AllReduce_Sum_f32_RING"] - H100.sm.grid_interval_ns
    part = 2 * 8 / (2 * 8 + H100.peer.reduce_threads // 32)
    assert found["layer"] == pytest.approx(alone + (1 - part) * talked, rel=0.05)
    without = beside(work, blocks, collective=False)["layer"]
    assert without == pytest.approx(alone + H100.sm.kernel_ns, rel=0.001)


def test_what_found_no_room_runs_elsewhere_when_the_collective_stays() -> None:
    """The other SMs are free before it: each takes two blocks more at most."""
    work, blocks, alone = one_wave()
    found = beside(work, blocks, mib=64)
    assert found["ncclDevKernel_AllReduce_Sum_f32_RING"] > 2 * alone
    more = 2 * alone / BLOCKS_AN_SM
    assert alone < found["layer"] <= alone + more + 2 * H100.sm.kernel_ns


def test_memory_traffic_is_not_slowed_by_polling() -> None:
    """What waits for DRAM needs no turns: the whole bandwidth is left to it."""
    work, blocks = Work(dram_bytes=65_536.0), 50 * H100.sm.count
    alone = beside(work, blocks, collective=False)["layer"]
    assert beside(work, blocks)["layer"] == pytest.approx(alone, rel=0.1)


def test_work_is_kept() -> None:
    """No kernel is faster beside a collective than without, and what fits beside it is as fast."""
    small = Work(flops=3_000_000.0)
    alone = beside(small, 64, collective=False)["layer"]
    assert beside(small, 64)["layer"] == alone
    for blocks in (132, 500, 1056, 5000):
        assert beside(small, blocks)["layer"] >= beside(small, blocks, collective=False)["layer"]


def over_four(name: str, variant: str, **parameters: int) -> tuple[float, float]:
    """Hidden communication ratio of the worst device, and pipeline efficiency."""
    program = technique(name).program(variant, devices=4, **parameters)
    trace = SimBackend(H100).run(program, OPTIONS)
    works = [work_of(trace, device, repeat=0) for device in devices(trace)]
    assert len(works) == 4
    found = together(works, list(map(bound, works)), list(map(communication, works)))
    assert found is not None
    hidden, efficiency = found.hidden_communication_ratio, found.pipeline_efficiency
    assert hidden is not None
    assert efficiency is not None
    return hidden, efficiency


def test_a_ring_of_four_hides_behind_the_backward_pass() -> None:
    """Simulated: the recordings reach to two GPUs."""
    before, _ = over_four("allreduce_overlap", "after_backward")
    after, efficiency = over_four("allreduce_overlap", "per_layer")
    assert before < 0.1
    assert after >= 0.8
    assert efficiency > 0.85


def test_a_pipeline_of_four_stages_hides_its_copies() -> None:
    """Simulated: the recordings reach to two GPUs."""
    before, _ = over_four("p2p_pipeline", "one_after_other", batches=32)
    after, efficiency = over_four("p2p_pipeline", "copy_stream", batches=32)
    assert before < 0.1
    assert after >= 0.9
    assert efficiency > 0.85
