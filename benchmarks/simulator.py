"""How many Program operations a second the simulator does, on one core.

The time is that of the process (other programs on the machine don't count), of everything that
``SimBackend.run`` does with ``verify=False``: compiling the Program, the event loop, the Trace's
tables. Building the Program is not in it. After a small first run, the fastest of some counts: what
else the machine does (a shared core, a full cache) only ever adds. The median stands beside it.

    python -m benchmarks.simulator [--ops 200000] [--runs 3] [--output simulator.json]
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from timeline.backends.base import RunOptions
from timeline.backends.sim import SimBackend
from timeline.program import Builder, HostThread, Kernel, Program, Stream, Work

REQUIRED_PER_SECOND = 200_000
SPIN = Kernel("spin", "spin.cu", "spin")
MIB = 1 << 20
Issue = Callable[[Builder, int], Program]


def _program(b: Builder) -> Program:
    """The Program without the checks, which would take longer than the run."""
    return Program(
        b._name,
        tuple(HostThread(name, tuple(ops)) for name, ops in b._threads.items() if ops),
        tuple(b._streams),
        tuple(b._events),
        tuple(b._buffers),
    )


def _streams(b: Builder, count: int) -> list[Stream]:
    return [b.stream(f"s{i}") for i in range(count)]


def pipeline(b: Builder, ops: int) -> Program:
    """Copy in, kernel, event to the next stream, copy out, over four streams."""
    streams = _streams(b, 4)
    events = [b.event(f"e{i}") for i in range(4)]
    source, target = b.host("in", MIB, pinned=True), b.host("out", MIB, pinned=True)
    buffers = [b.device(f"d{i}", MIB) for i in range(4)]
    work = Work(block_ns=5_000)
    for batch in range(ops // 5):
        i, following = batch % 4, (batch + 1) % 4
        b.memcpy(buffers[i], source, streams[i])
        b.launch(SPIN, streams[i], grid=32, block=256, work=work)
        b.record(events[i], streams[i])
        b.wait(streams[following], events[i])
        b.memcpy(target, buffers[i], streams[i])
    return _program(b)


def kernels(b: Builder, ops: int) -> Program:
    """Small kernels over eight streams."""
    streams, work = _streams(b, 8), Work(block_ns=8_000)
    for i in range(ops):
        b.launch(SPIN, streams[i % 8], grid=32, block=256, work=work)
    return _program(b)


def copies(b: Builder, ops: int) -> Program:
    """Copies in both directions over four streams."""
    streams = _streams(b, 4)
    host, device = b.host("h", MIB, pinned=True), b.device("d", MIB)
    for i in range(ops):
        b.memcpy(*((device, host) if i % 2 else (host, device)), streams[i % 4])
    return _program(b)


def one_stream(b: Builder, ops: int) -> Program:
    """Kernels of many waves, one after the other."""
    (stream,), work = _streams(b, 1), Work(dram_bytes=16_384)
    for _ in range(ops):
        b.launch(SPIN, stream, grid=16_384, block=256, work=work)
    return _program(b)


def synchronous(b: Builder, ops: int) -> Program:
    """A launch, then a synchronisation."""
    (stream,), work = _streams(b, 1), Work(block_ns=5_000)
    for _ in range(ops // 2):
        b.launch(SPIN, stream, grid=32, block=256, work=work)
        b.stream_synchronize(stream)
    return _program(b)


def contended(b: Builder, ops: int) -> Program:
    """Kernels that each fill the device, in three streams: the slow path, block by block."""
    streams, work = _streams(b, 3), Work(dram_bytes=16_384)
    for i in range(ops // 100):
        b.launch(SPIN, streams[i % 3], grid=16_384, block=256, work=work)
    return _program(b)


CASES: tuple[tuple[Issue, bool], ...] = (
    (pipeline, True),
    (kernels, True),
    (copies, True),
    (one_stream, True),
    (synchronous, True),
    (contended, False),
)
"""Programs, and whether the requirement is enforced: not where grids contend block by block."""


def measure(issue: Issue, ops: int, runs: int) -> dict[str, Any]:
    """Operations a second of one Program."""
    backend, options = SimBackend("h200"), RunOptions(warmup=0, verify=False)
    backend.run(issue(Builder(issue.__name__), 1_000), options)
    program = issue(Builder(issue.__name__), ops)
    seconds = []
    for _ in range(runs):
        before = time.process_time()
        trace = backend.run(program, options)
        seconds.append(time.process_time() - before)
    median, best = statistics.median(seconds), min(seconds)
    return {
        "program": issue.__name__,
        "ops": len(program),
        "activities": trace.activities.num_rows,
        "seconds": seconds,
        "ops_per_second": round(len(program) / best),
        "ops_per_second_median": round(len(program) / median),
        "us_per_op": round(best / len(program) * 1e6, 3),
    }


def main() -> int:
    """Print the table, write the JSON; 1 when the requirement is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--ops", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    rows, missed = [], False
    print(f"{'program':<14}{'ops':>9}{'activities':>12}", end="")
    print(f"{'µs an op':>10}{'ops a second':>15}{'median':>10}")
    for issue, required in CASES:
        row = measure(issue, options.ops, options.runs) | {"required": required}
        rows.append(row)
        short = required and row["ops_per_second"] < REQUIRED_PER_SECOND
        missed = missed or short
        print(
            f"{row['program']:<14}{row['ops']:>9,}{row['activities']:>12,}{row['us_per_op']:>10.2f}"
            f"{row['ops_per_second']:>15,}{row['ops_per_second_median']:>10,}"
            f"{'  below the requirement' if short else ''}"
        )
    if options.output:
        about = {"python": platform.python_version(), "machine": platform.machine()}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        result = {**about, "peak_bytes": peak, "required_per_second": REQUIRED_PER_SECOND}
        options.output.write_text(json.dumps({**result, "rows": rows}, indent=1) + "\n")
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
