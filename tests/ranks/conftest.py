"""Ranks of a made-up job, whose clocks are apart and of which one is slow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from timeline.trace import Device, Meta, Trace, table

STEP_NS, COLLECTIVE_NS, STEPS = 100_000, 20_000, 6
ALL_REDUCE = "ncclDevKernel_AllReduce_Sum_f32_RING_LL"

MakeRank = Callable[..., Trace]


def rank_trace(
    rank: int, *, skew_ns: int = 0, slow_ns: int = 0, collectives: bool = True, ranges: bool = True
) -> Trace:
    """Steps of a kernel and a collective that ends when the slowest rank, 3, has joined it.

    Parameters
    ----------
    skew_ns : int
        What this rank's clock shows more than the first one's.
    slow_ns : int
        How much longer rank 3 takes for each kernel.
    """
    name, start, end, steps = [], [], [], []
    now = skew_ns
    for step in range(STEPS):
        mine = STEP_NS + (slow_ns if rank == 3 else 10 * rank)
        steps.append((now, now + STEP_NS + slow_ns))
        name.append("gemm")
        start.append(now)
        end.append(now + mine)
        leave = now + STEP_NS + slow_ns + COLLECTIVE_NS + 100
        if collectives:
            name.append(ALL_REDUCE)
            start.append(now + mine)
            end.append(leave)
        now = leave + step
    count = len(name)
    activities = table(
        "activities",
        {
            "kind": ["kernel"] * count,
            "engine": ["SM"] * count,
            "name": name,
            "start": start,
            "end": end,
            "device": [0] * count,
            "stream": [7] * count,
        },
    )
    tables = {"activities": activities}
    if ranges:
        first, last = zip(*steps, strict=True)
        names = [f"step {i}" for i in range(STEPS)]
        tables["ranges"] = table("ranges", {"name": names, "start": first, "end": last})
    meta = Meta("cupti", epoch_ns=10**18, devices=(Device(0, "GPU"),))
    return Trace.from_tables(meta, tables)


@pytest.fixture(scope="session")
def make_rank() -> MakeRank:
    return rank_trace


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight ranks, the clock of each a millisecond later than the one before."""
    folder = tmp_path_factory.mktemp("job") / "run"
    for rank in range(8):
        rank_trace(rank, skew_ns=rank * 10**6, slow_ns=5_000).save(folder / f"rank{rank}.trace")
    return folder
