"""Findings, critical path and causes of idle time of a million activities, on one core.

Run it as ``python -m benchmarks.findings [--activities N ...] [-o results.json]``. The trace is
that of ``benchmarks.why``: copies and kernels on eight streams, and a host that synchronises with
the device now and then. CPU time of each step, of each detector, and the peak memory.
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
from timeline.analysis import Work, work_of
from timeline.analysis.execution import execution
from timeline.findings import DETECTORS, Case, case_of, examine

LIMIT_S, LIMIT_GB = 10.0, 2.0


def measure(count: int) -> dict[str, Any]:
    """Every step in this process, CPU seconds."""
    work = work_of(trace(count), 0)
    before_mb = _peak_mb()
    began = time.process_time()
    case = case_of(execution(work), [work])
    times = {"what waited for what": _since(began)}
    began = time.process_time()
    case.path  # noqa: B018  worked out when first asked for
    times["critical path"] = _since(began)
    began = time.process_time()
    case.idle  # noqa: B018
    times["idle causes"] = _since(began)
    began = time.process_time()
    found = examine(case)
    times["findings"] = _since(began)
    times["together"] = sum(times.values())
    return {
        "activities": len(work.rows),
        "cpu_s": times,
        "detectors_cpu_s": _detectors(work),
        "found": [one.code for one in found.findings],
        "peak_mb": _peak_mb(),
        "peak_before_mb": before_mb,
    }


def _detectors(work: Work) -> dict[str, float]:
    """Each detector after the other, on a case that has path and idle causes already."""
    case = Case(execution(work))
    case.path, case.idle, case.bound  # noqa: B018
    times = {}
    for detector in DETECTORS:
        began = time.process_time()
        list(detector.find(case))
        times[detector.code] = _since(began)
    return times


def _since(began: float) -> float:
    return time.process_time() - began


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def results(counts: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Each size in a process of its own."""
    for count in counts:
        command = [sys.executable, "-m", "benchmarks.findings", "--one", str(count)]
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
    print(f"{'activities':>12} {'peak MB':>9}  CPU s")
    for one in found:
        times = ", ".join(f"{name} {s:.2f}" for name, s in one["cpu_s"].items())
        print(f"{one['activities']:12,} {one['peak_mb']:9,.0f}  {times}")
        slowest = sorted(one["detectors_cpu_s"].items(), key=lambda item: -item[1])[:5]
        print(" " * 24 + "slowest: " + ", ".join(f"{name} {s:.2f}" for name, s in slowest))
    if args.output:
        machine = {"machine": platform.machine(), "numpy": np.__version__, "cores": os.cpu_count()}
        args.output.write_text(json.dumps({**machine, "results": found}, indent=2) + "\n")
    last = found[-1]
    reached = last["cpu_s"]["together"] < LIMIT_S and last["peak_mb"] / 1024 < LIMIT_GB
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
