"""What replaying a captured graph costs the host, beside issuing the same operations in streams.

From the root of the checkout, on a machine with a GPU::

    python -m benchmarks.graph_replay --json benchmarks/results/graph_replay.json

The Programs are those of the technique ``graph_capture``, without their ranges and their last
synchronisation, and without a collector: nothing is traced. The host's time is that from the first
call to the last; what a Program takes apart from its replays goes out as the difference between two
numbers of replays. Goal: a replay costs at most 1/20 of the stream launches.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from timeline.backends import RunOptions, why_not_cuda
from timeline.program import DeviceSynchronize, HostThread, Program, RangePop, RangePush
from timeline.techniques import technique

NO_GPU = 3
GOAL = 1 / 20
FEW, MANY = 2, 8
"""Replays of the two Programs that are compared."""

Row = dict[str, Any]


class Untraced:
    """A collector that collects nothing."""

    source = "none"

    def start(self) -> None:
        """Nothing."""

    def timestamp(self) -> int:
        """The host's clock, ns."""
        return time.perf_counter_ns()


def bare(variant: str, replays: int, **params: int) -> Program:
    """The technique's Program, with nothing in it but what is compared."""
    program = technique("graph_capture").program(variant, replays=replays, **params)
    left_out = (RangePush, RangePop, DeviceSynchronize)
    threads = tuple(
        HostThread(t.name, tuple(op for op in t.ops if not isinstance(op, left_out)))
        for t in program.threads
    )
    return replace(program, threads=threads)


def host_ns(program: Program, repeats: int) -> float:
    """Median time that the host takes to issue a Program, ns."""
    from timeline.backends.cuda.api import load_api
    from timeline.backends.cuda.run import Run

    options = RunOptions(repeat=repeats, warmup=2)
    with Run(load_api(), program, options, Untraced(), 60.0) as run:  # type: ignore[arg-type]
        run.warm_up()
        for _ in range(repeats):
            run.repeat()
        return statistics.median(w.issued - w.start for w in run.windows)


def measured(variant: str, repeats: int, **params: int) -> Row:
    """Host time of one replay, ns."""
    few, many = (host_ns(bare(variant, n, **params), repeats) for n in (FEW, MANY))
    return {"variant": variant, **params, "host_ns": (many - few) / (MANY - FEW)}


def main() -> int:
    """Print a table; 0 when the goal is kept for the default Program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--repeats", type=int, default=30)
    arguments = parser.parse_args()
    reason = why_not_cuda()
    if reason:
        print(f"no GPU: {reason}")
        return NO_GPU
    rows: list[Row] = []
    print(f"{'branches':>8} {'depth':>5} {'streams, µs':>12} {'graph, µs':>10} {'ratio':>8}")
    for branches, depth in ((4, 8), (2, 4), (8, 8)):
        pair = [
            measured(v, arguments.repeats, branches=branches, depth=depth)
            for v in ("stream_launches", "graph")
        ]
        streams, graph = (row["host_ns"] / 1e3 for row in pair)
        rows += pair
        print(f"{branches:8} {depth:5} {streams:12.1f} {graph:10.2f} {graph / streams:8.4f}")
    ratio = rows[1]["host_ns"] / rows[0]["host_ns"]
    print(f"a replay costs 1/{1 / ratio:.0f}; goal 1/20: {'kept' if ratio <= GOAL else 'missed'}")
    if arguments.json:
        result = {"goal": GOAL, "ratio": ratio, "rows": rows}
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0 if ratio <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
