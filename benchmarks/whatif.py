"""What-if of a million operations, on one core.

Run it as ``python -m benchmarks.whatif [--activities N ...] [-o results.json]``. The trace is that
of ``benchmarks.why``: copies in, kernels and copies out on eight streams, a call each, and a host
that synchronises now and then. CPU time of ``predict`` with a faster kernel (lifting, the unchanged
replay, the fixed replay, the predicted trace and what bounds it), and the peak memory.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.by_size import peak_mb, run, times_line
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
        "peak_mb": peak_mb(),
    }


def main(argv: Sequence[str] | None = None) -> int:
    return run(
        "benchmarks.whatif",
        __doc__,
        measure,
        lambda one: times_line(one, f" {one['replay_error']:13.4%}"),
        lambda last: bool(last["cpu_s"]["predict"] < LIMIT_S),
        argv=argv,
        between=f" {'replay error':>13}",
    )


if __name__ == "__main__":
    sys.exit(main())
