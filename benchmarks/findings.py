"""Findings, critical path and causes of idle time of a million activities, on one core.

Run it as ``python -m benchmarks.findings [--activities N ...] [-o results.json]``. The trace is
that of ``benchmarks.why``: copies and kernels on eight streams, and a host that synchronises with
the device now and then. CPU time of each step, of each detector, and the peak memory.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.by_size import Result, peak_mb, run, times_line
from benchmarks.why import trace
from timeline.analysis import Work, work_of
from timeline.analysis.execution import execution
from timeline.findings import DETECTORS, Case, case_of, examine

LIMIT_S, LIMIT_GB = 10.0, 2.0


def measure(count: int) -> dict[str, Any]:
    """Every step in this process, CPU seconds."""
    work = work_of(trace(count), 0)
    before_mb = peak_mb()
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
        "peak_mb": peak_mb(),
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


def main(argv: Sequence[str] | None = None) -> int:
    return run("benchmarks.findings", __doc__, measure, _shown, _reached, argv=argv)


def _shown(one: Result) -> str:
    slowest = sorted(one["detectors_cpu_s"].items(), key=lambda item: -item[1])[:5]
    told = ", ".join(f"{name} {s:.2f}" for name, s in slowest)
    return f"{times_line(one)}\n{' ' * 24}slowest: {told}"


def _reached(last: Result) -> bool:
    return bool(last["cpu_s"]["together"] < LIMIT_S and last["peak_mb"] / 1024 < LIMIT_GB)


if __name__ == "__main__":
    sys.exit(main())
