"""A job of many ranks: one process, then one a core, then a Dask cluster of as many workers.

Run it as ``python -m benchmarks.ranks [--ranks N] [--kernels N] [--dask] [-o results.json]``.
Traces are native folders, made from a seed: kernels, and an all-reduce after each hundred of them.
Near-linear means a speed-up near the number of cores, in wall seconds. ``--dask`` starts a
scheduler and a worker process a core on this machine; their start is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from timeline.ranks import Runner, expand, job, on_cluster, on_cores
from timeline.trace import Meta, Trace, table

PERIOD = 100


def rank_trace(rank: int, kernels: int) -> Trace:
    """A rank whose clock is apart from the others'."""
    rng = np.random.default_rng(rank)
    length = rng.integers(5_000, 9_000, kernels)
    collective = np.arange(kernels) % PERIOD == PERIOD - 1
    length[collective] = 40_000
    slots = np.where(collective, 50_000, 10_000)
    end = np.cumsum(slots)
    start = np.where(collective, end - 45_000, end - 9_500)
    end = np.where(collective, end, start + length)
    columns: dict[str, Any] = {
        "kind": (np.zeros(kernels, np.int32), ["kernel"]),
        "engine": (np.zeros(kernels, np.int32), ["SM"]),
        "name": (collective.astype(np.int32), ["gemm", "ncclDevKernel_AllReduce_Sum_f32"]),
        "start": start + rank * 1_000_000,
        "end": end + rank * 1_000_000,
        "device": np.zeros(kernels, np.int32),
        "stream": np.full(kernels, 7),
    }
    return Trace.from_tables(Meta("sim", 10**18), {"activities": table("activities", columns)})


def measured(places: Sequence[str], runner: Runner, jobs: int, on: str) -> dict[str, Any]:
    start = time.perf_counter()
    found = job(runner(places, lambda _: None))
    wall = time.perf_counter() - start
    return {"on": on, "jobs": jobs, "wall_s": wall, "aligned_by": found.alignment.by}


def on_dask(places: Sequence[str], workers: int) -> dict[str, Any]:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        runner = on_cluster(cluster.scheduler_address)
        runner(places[:workers], lambda _: None)  # workers import what they need
        return measured(places, runner, workers, "Dask workers")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ranks", type=int, default=256)
    parser.add_argument("--kernels", type=int, default=200_000)
    parser.add_argument("--dask", action="store_true", help="also on Dask workers of this machine")
    parser.add_argument("-o", "--output", type=Path, help="write the results as JSON")
    args = parser.parse_args(argv)
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        for rank in range(args.ranks):
            rank_trace(rank, args.kernels).save(Path(folder) / f"rank{rank}")
        places = expand([f"{folder}/rank*"])
        results = [
            measured(places, on_cores(jobs), jobs, "processes") for jobs in sorted({1, cores})
        ]
        if args.dask:
            results.append(on_dask(places, cores))
    print(f"{args.ranks} ranks of {args.kernels:,} kernels, {cores} cores")
    print(f"{'on':14} {'':>3} {'wall s':>8} {'speed-up':>9}")
    for found in results:
        speedup = results[0]["wall_s"] / found["wall_s"]
        print(f"{found['on']:14} {found['jobs']:3} {found['wall_s']:8.1f} {speedup:9.2f}")
    if args.output:
        facts = {"ranks": args.ranks, "kernels": args.kernels, "cores": cores, "results": results}
        args.output.write_text(json.dumps(facts, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
