"""Measuring the same at several sizes, each in a process of its own: figures, table and JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Result = dict[str, Any]


def peak_mb() -> float:
    """Peak resident memory of this process, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def results(module: str, counts: Sequence[int]) -> Iterator[Result]:
    """What ``module`` measures at each size, in a process of its own."""
    for count in counts:
        command = [sys.executable, "-m", module, "--one", str(count)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        yield json.loads(done.stdout)


def times_line(one: Result, between: str = "") -> str:
    """A row: activities, peak memory, and the CPU seconds of each step."""
    times = ", ".join(f"{name} {s:.2f}" for name, s in one["cpu_s"].items())
    return f"{one['activities']:12,} {one['peak_mb']:9,.0f}{between}  {times}"


def run(
    module: str,
    doc: str | None,
    measure: Callable[[int], Result],
    shown: Callable[[Result], str],
    reached: Callable[[Result], bool],
    *,
    argv: Sequence[str] | None = None,
    between: str = "",
) -> int:
    """Measure, print and write; 0 when the largest size reaches what it must.

    Parameters
    ----------
    module : str
        What ``python -m`` runs again for one size.
    between : str
        Heading of what ``shown`` puts between memory and times.
    """
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument("--activities", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--one", type=int, help="measure this size, in this process")
    parser.add_argument("-o", "--output", type=Path, help="write the results as JSON")
    args = parser.parse_args(argv)
    if args.one:
        print(json.dumps(measure(args.one)))
        return 0
    found = list(results(module, args.activities))
    print(f"{'activities':>12} {'peak MB':>9}{between}  CPU s")
    for one in found:
        print(shown(one))
    if args.output:
        machine = {"machine": platform.machine(), "numpy": np.__version__, "cores": os.cpu_count()}
        args.output.write_text(json.dumps({**machine, "results": found}, indent=2) + "\n")
    return 0 if reached(found[-1]) else 1
