"""Union and all pairwise overlaps of ten million activities on eight lanes, beside plain NumPy.

Run it as ``python -m benchmarks.intervals [--activities N] [--lanes K] [-o results.json]``. Each
way runs in a process of its own, on one core: CPU time and peak memory are its own. Both start from
the columns of a trace: starts, ends and lane codes, sorted by start.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.intervals import Intervals, coverage, union

Int64 = npt.NDArray[np.int64]
Columns = tuple[Int64, Int64, npt.NDArray[np.int8]]

LIMIT_S, LIMIT_GB = 3.0, 1.5


def activities(count: int, lanes: int) -> Columns:
    """Columns of ``count`` activities, sorted by start, each lane busy about 60 % of the time.

    Within a lane they do not touch, as copies on one engine do not: nothing is merged away, so the
    sweep meets every bound.
    """
    rng = np.random.default_rng(11)
    starts = np.cumsum(rng.integers(100, 2_000, count + lanes))
    free = starts[lanes:] - starts[:-lanes]  # until the lane's next activity
    ends = starts[:-lanes] + free * rng.integers(20, 100, count) // 100
    return starts[:-lanes], ends, (np.arange(count) % lanes).astype(np.int8)


def swept(columns: Columns, lanes: int) -> Int64:
    """The way of this project."""
    starts, ends, lane = columns
    unions: list[Intervals] = []
    for code in range(lanes):
        rows = np.flatnonzero(lane == code)
        unions.append(union(starts[rows], ends[rows]))
    return coverage(unions).pairwise_ns()


def sorted_all_at_once(columns: Columns, lanes: int) -> Int64:
    """What plain NumPy suggests: sort all bounds together, count what is open in each lane."""
    starts, ends, lane = columns
    bounds = np.concatenate((starts, ends))
    order = np.argsort(bounds, kind="stable")
    lengths = np.diff(bounds[order])
    step = np.where(order < len(starts), 1, -1).astype(np.int32)
    of_lane = np.concatenate((lane, lane))[order]
    busy = [np.cumsum(np.where(of_lane == code, step, 0))[:-1] > 0 for code in range(lanes)]
    found = np.zeros((lanes, lanes), np.int64)
    for i in range(lanes):
        for j in range(lanes):
            found[i, j] = lengths[busy[i] & busy[j]].sum()
    return found


WAYS: dict[str, Callable[[Columns, int], Int64]] = {
    "timeline.intervals": swept,
    "plain NumPy": sorted_all_at_once,
}


def measure(way: str, count: int, lanes: int) -> dict[str, Any]:
    """Run one way in this process."""
    columns = activities(count, lanes)
    columns_mb = _peak_mb()
    cpu, wall = time.process_time(), time.perf_counter()
    found = WAYS[way](columns, lanes)
    return {
        "way": way,
        "cpu_s": time.process_time() - cpu,
        "wall_s": time.perf_counter() - wall,
        "peak_mb": _peak_mb(),
        "peak_before_mb": columns_mb,
        "overlaps_ns": found.tolist(),
    }


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_a_process_of_its_own(way: str, args: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.intervals", "--way", way]
    command += ["--activities", str(args.activities), "--lanes", str(args.lanes)]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=one_thread)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def print_table(results: Sequence[dict[str, Any]]) -> None:
    print(f"{'':20} {'CPU s':>8} {'wall s':>8} {'peak MB':>9}")
    for r in results:
        print(f"{r['way']:20} {r['cpu_s']:8.2f} {r['wall_s']:8.2f} {r['peak_mb']:9,.0f}")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--activities", type=int, default=10_000_000)
    parser.add_argument("--lanes", type=int, default=8)
    parser.add_argument("--way", choices=WAYS, help="measure only this way, in this process")
    parser.add_argument("-o", "--output", type=Path, help="write the results as JSON")
    args = parser.parse_args(argv)
    if args.way:
        print(json.dumps(measure(args.way, args.activities, args.lanes)))
        return 0
    results = [in_a_process_of_its_own(way, args) for way in WAYS]
    overlaps = [r.pop("overlaps_ns") for r in results]
    print_table(results)
    same = all(found == overlaps[0] for found in overlaps)
    print("the overlaps are equal" if same else "THE OVERLAPS DIFFER")
    ours = results[0]
    reached = same and ours["cpu_s"] < LIMIT_S and ours["peak_mb"] / 1024 < LIMIT_GB
    if args.output:
        machine = {"machine": platform.machine(), "numpy": np.__version__, "cores": os.cpu_count()}
        summary = {"activities": args.activities, "lanes": args.lanes, "equal": same, **machine}
        args.output.write_text(json.dumps({**summary, "results": results}, indent=2) + "\n")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
