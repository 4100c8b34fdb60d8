"""What-if of a million operations, on one core.

Run it as ``python -m benchmarks.whatif [--activities N ...] [-o results.json]``. The trace is that
of ``benchmarks.why``: copies in, kernels and copies out on eight streams, a call each, and a host
that synchronises now and then. CPU time of ``predict`` with a faster kernel (lifting, the unchanged
replay, the fixed replay, the predicted trace and what bounds it), and the peak memory.
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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.why import trace
from timeline.whatif import lift, predict, replay

LIMIT_S = 30.0
FIX = "faster:kernel:2"


def measure(count: int) -> dict[str, Any]:
    """Lifting, one replay and the whole prediction, CPU seconds, in this process."""
    recorded = trace(count)
    began = time.process_time()
    scenario = lift(recorded)
    lifted = time.process_time()
    schedule = replay(scenario)
    replayed = time.process_time()
    makespan = int(scenario.work.ends.max() - scenario.work.starts.min())
    operations = len(scenario.activities)
    error = schedule.makespan_ns / makespan - 1
    del scenario, schedule
    before = time.process_time()
    found = predict(recorded, [FIX])
    return {
        "activities": operations,
        "cpu_s": {
            "lift": lifted - began,
            "replay": replayed - lifted,
            "predict": time.process_time() - before,
        },
        "replay_error": error,
        "gain": found.gain_ns / found.replayed_ns,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def results(counts: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Each size in a process of its own."""
    for count in counts:
        command = [sys.executable, "-m", "benchmarks.whatif", "--one", str(count)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        yield json.loads(done.stdout)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--activities", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--one", type=int, help="measure this size, in this process")
    parser.add_argument("-o", "--output", type=Path, help="write the results as JSON")
    args = parser.parse_args(argv)
    if args.one:
        print(json.dumps(measure(args.one)))
        return 0
    found = list(results(args.activities))
    print(f"{'activities':>12} {'peak MB':>9} {'replay error':>13}  CPU s")
    for one in found:
        times = ", ".join(f"{name} {s:.2f}" for name, s in one["cpu_s"].items())
        error = one["replay_error"]
        print(f"{one['activities']:12,} {one['peak_mb']:9,.0f} {error:13.4%}  {times}")
    if args.output:
        machine = {"machine": platform.machine(), "numpy": np.__version__, "cores": os.cpu_count()}
        args.output.write_text(json.dumps({**machine, "results": found}, indent=2) + "\n")
    return 0 if found[-1]["cpu_s"]["predict"] < LIMIT_S else 1


if __name__ == "__main__":
    sys.exit(main())
