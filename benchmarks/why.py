"""Critical path, slack and the causes of idle time of a million activities, on one core.

Run it as ``python -m benchmarks.why [--activities N ...] [-o results.json]``. The trace: a copy in,
a kernel and a copy out, over and over on eight streams, a call each, the host synchronising with
the device now and then, as a training loop does. CPU time of each analysis, and the peak memory.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.by_size import Result, peak_mb, run, times_line
from timeline.analysis import critical_path, idle_causes, slack_ns, work_of
from timeline.analysis.execution import Execution, execution
from timeline.trace import Meta, Trace, table

LIMIT_S, LIMIT_GB = 10.0, 2.0
STREAMS, BATCHES_A_SYNC = 8, 250
ENGINES = ("H2D", "SM", "D2H")
COPIES = ("HtoD", None, "DtoH")
CALL_NS, GAP_NS = 4_000, 1_500


def trace(count: int) -> Trace:
    """About ``count`` activities and as many calls."""
    rng = np.random.default_rng(5)
    lengths = rng.integers(20_000, 60_000, count).tolist()
    free, streams, host = [0, 0, 0], [0] * STREAMS, 0
    starts, ends, called, syncs = [], [], [], []
    for i in range(count):
        engine, stream = i % 3, (i // 3) % STREAMS
        called.append(host)
        host += CALL_NS
        start = max(free[engine], streams[stream], host) + GAP_NS
        starts.append(start)
        free[engine] = streams[stream] = start + lengths[i]
        ends.append(free[engine])
        if i % (3 * BATCHES_A_SYNC) == 3 * BATCHES_A_SYNC - 1:
            until = max(free) + CALL_NS
            syncs.append((host, until, i + 1))
            host = until
    return _tables(np.array(starts), np.array(ends), np.array(called), np.array(syncs).T)


def _tables(starts: Any, ends: Any, called: Any, syncs: Any) -> Trace:
    count = len(starts)
    engine = np.arange(count) % 3
    sync_start, sync_end, after = syncs if len(syncs) else np.zeros((3, 0), np.int64)
    sync_id = 2 * after + 1
    made = {
        "activities": table(
            "activities",
            {
                "kind": np.array(["memcpy", "kernel", "memcpy"])[engine],
                "name": np.array(["copy in", "kernel", "copy out"])[engine],
                "engine": np.array(ENGINES)[engine],
                "copy_kind": [COPIES[i] for i in engine.tolist()],
                "start": starts,
                "end": ends,
                "device": np.zeros(count, np.int32),
                "stream": (np.arange(count) // 3) % STREAMS + 10,
                "correlation": 2 * np.arange(count) + 2,
            },
        ),
        "calls": table(
            "calls",
            {
                "name": ["cudaLaunchKernel"] * count + ["cudaDeviceSynchronize"] * len(after),
                "start": np.concatenate((called, sync_start)),
                "end": np.concatenate((called + CALL_NS, sync_end)),
                "thread": np.ones(count + len(after), np.int64),
                "correlation": np.concatenate((2 * np.arange(count) + 2, sync_id)),
            },
        ),
        "syncs": table(
            "syncs",
            {
                "kind": ["device_synchronize"] * len(after),
                "start": sync_start,
                "end": sync_end,
                "thread": np.ones(len(after), np.int64),
                "correlation": sync_id,
            },
        ),
        "streams": table(
            "streams",
            {
                "stream": np.arange(STREAMS) + 10,
                "kind": ["non_blocking"] * STREAMS,
                "device": np.zeros(STREAMS, np.int32),
            },
        ),
    }
    return Trace.from_tables(Meta("synthetic"), made)


ANALYSES: dict[str, Callable[[Execution], Any]] = {
    "critical path": critical_path,
    "slack": slack_ns,
    "idle causes": lambda found: [idle_causes(found, engine) for engine in ENGINES],
}


def measure(count: int) -> dict[str, Any]:
    """Every analysis in this process, CPU seconds."""
    work = work_of(trace(count), 0)
    before_mb = peak_mb()
    began = time.process_time()
    joined = execution(work)
    times = {"what waited for what": time.process_time() - began}
    for name, analyse in ANALYSES.items():
        began = time.process_time()
        analyse(joined)
        times[name] = time.process_time() - began
    times["together"] = sum(times.values())
    return {
        "activities": len(work.rows),
        "cpu_s": times,
        "peak_mb": peak_mb(),
        "peak_before_mb": before_mb,
    }


def main(argv: Sequence[str] | None = None) -> int:
    return run("benchmarks.why", __doc__, measure, times_line, _reached, argv=argv)


def _reached(last: Result) -> bool:
    return bool(last["cpu_s"]["together"] < LIMIT_S and last["peak_mb"] / 1024 < LIMIT_GB)


if __name__ == "__main__":
    sys.exit(main())
