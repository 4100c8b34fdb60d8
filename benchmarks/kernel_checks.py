"""The kernels of ``spin.cu`` and ``stream_copy.cu`` at every kind of size, and under the sanitizer.

From the root of the checkout, on a machine with a GPU::

    python -m benchmarks.kernel_checks --json kernel_checks.json [--sanitize]

Each case has guard words around its output that must stay as they were; sizes leave tails, and
places are misaligned for 16-byte accesses. ``--sanitize`` repeats the cases under memcheck,
racecheck, initcheck and synccheck of ``compute-sanitizer``, without CUPTI, which it excludes.
A case that fails is listed; the others still run. Exit code 1 when one failed, 3 without a GPU.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from timeline.backends import RunOptions, open_backend, why_not_cuda
from timeline.program import Builder, Program, Span
from timeline.techniques.spin import Geometry, Uint32, join, joined, spin, spin_waves, spun
from timeline.techniques.stream_copy import copied, stream_copy

NO_GPU = 3
GUARD = 8
"""Words before and after an output, which nothing may touch."""
UNTOUCHED = 0xFFFFFFFF
"""What a word holds that nothing wrote."""
TOOLS = ("memcheck", "racecheck", "initcheck", "synccheck")
TOOL_S = 120

Case = tuple[str, Callable[[], Program]]
Row = dict[str, Any]


class Layout:
    """A Program with inputs, and an output between guards, all shifted by some words."""

    def __init__(self, name: str, count: int, shift: int) -> None:
        self.b = Builder(name)
        self.stream = self.b.stream("s")
        self._count, self._shift = count, shift
        words = shift + count + 2 * GUARD
        self._whole = self.b.device("output", 4 * words)
        self.target = self._whole.span(4 * (GUARD + shift), 4 * count)

    def source(self, lane: int) -> tuple[Span, Uint32]:
        """An input with its values."""
        values = np.arange(self._count, dtype=np.uint32) * np.uint32(2_654_435_761)
        values += np.uint32(lane)
        shifted = np.concatenate([np.zeros(self._shift, np.uint32), values])
        made = self.b.device(f"input {lane}", shifted.nbytes, fill=lambda: shifted)
        return made.span(4 * self._shift, values.nbytes), values

    def program(self, answer: Uint32) -> Program:
        """The Program, with what the output and its guards must be."""
        before, after = np.full(GUARD + self._shift, UNTOUCHED), np.full(GUARD, UNTOUCHED)
        wanted = np.concatenate([before, answer, after]).astype(np.uint32)
        home = self.b.host("home", self._whole.bytes, pinned=True)
        self.b.memcpy(home, self._whole, self.stream)
        self.b.expect(home, lambda: wanted)
        self.b.stream_synchronize(self.stream)
        return self.b.build()


def copy_case(count: int, shift: int, grid: int, block: int, passes: int) -> Program:
    """``stream_copy`` of ``count`` words."""
    at = Layout("stream_copy", count, shift)
    source, values = at.source(0)
    stream_copy(
        at.b, "copy", at.stream, at.target, source, grid=grid, block=block, passes=passes, marker=7
    )
    return at.program(copied(values, passes, 7))


def join_case(count: int, shift: int, block: int) -> Program:
    """``spin_join`` of two inputs."""
    at = Layout("spin_join", count, shift)
    (left, a), (right, c) = at.source(0), at.source(1)
    shape = _Exactly(-(-count // block), block, count)
    join(at.b, "join", at.stream, at.target, (left, right), shape, ns=2_000, marker=5)
    return at.program(joined(a, c, 5))


def waves_case(count: int, shift: int, block: int) -> Program:
    """``spin`` from the input, then ``spin_waves`` in place."""
    at = Layout("spin_waves", count, shift)
    source, values = at.source(0)
    shape = _Exactly(-(-count // block), block, count)
    spin(at.b, "first", at.stream, at.target, shape, ns=2_000, marker=3, source=source)
    spin_waves(at.b, "waves", at.stream, at.target, shape, ns=2_000, marker=4)
    return at.program(spun(values, 3, 4))


@dataclass(frozen=True)
class _Exactly(Geometry):
    """A grid whose last block has threads past the end."""

    elements: int

    @property
    def count(self) -> int:
        return self.elements


def cases(*, small: bool) -> Iterator[Case]:
    """Sizes with and without tails, at aligned and misaligned places."""
    sizes, shifts = [1, 5, 31, 4_096, 65_537], [0, 1, 3]
    if not small:
        sizes += [3, 4, 1_023, 1_000_003, 1 << 24]
        shifts += [2, 4]
    for count in sizes:
        for shift in shifts:
            name = f"stream_copy of {count} words, {shift} words off"
            yield name, partial(copy_case, count, shift, 13, 128, 3)
    for grid, block in ((1, 32), (1, 1024), (132, 512), (264, 1024), (7, 33)):
        name = f"stream_copy by {grid} blocks of {block}"
        yield name, partial(copy_case, 1_000_003, 0, grid, block, 2)
    for count in (1, 33, 257) if small else (1, 31, 33, 257, 100_001):
        for shift, block in ((0, 256), (1, 33), (3, 1024)):
            name = f"{count} words, {shift} words off, blocks of {block}"
            yield f"spin_join of {name}", partial(join_case, count, shift, block)
            yield f"spin_waves of {name}", partial(waves_case, count, shift, block)


def check(case: Case, collector: str, *, gate: bool) -> Row:
    """Run one case; what went wrong, if anything did."""
    name, make = case
    try:
        program = make()
        trace = open_backend("cuda", collector=collector).run(program, RunOptions(2, 0, gate))
        wrong = "" if trace.meta.verified == 2 else f"{trace.meta.verified} of 2 answers checked"
    except Exception:  # one failing case must not hide the others
        wrong = traceback.format_exc(limit=3)
    return {"case": name, "ok": not wrong, "wrong": wrong}


def sanitize(tool: str) -> Row:
    """The small cases under one tool of compute-sanitizer, in a process of their own."""
    found = shutil.which("compute-sanitizer") or "/usr/local/cuda/bin/compute-sanitizer"
    command = [found, "--tool", tool, "--error-exitcode", "9"]
    command += ["--report-api-errors", "no", sys.executable]  # the launches ask CUDA what it has
    command += ["-m", "benchmarks.kernel_checks", "--small", "--collector", "events", "--no-gate"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TOOL_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return {"case": tool, "ok": False, "wrong": str(error)}
    tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
    return {"case": tool, "ok": done.returncode == 0, "wrong": "" if not done.returncode else tail}


def main() -> int:
    """Run the cases; 0 when all are right."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--small", action="store_true", help="leave the large sizes out")
    parser.add_argument("--collector", default="auto", choices=("auto", "cupti", "events"))
    parser.add_argument("--no-gate", action="store_true")
    parser.add_argument("--sanitize", action="store_true")
    arguments = parser.parse_args()
    reason = why_not_cuda()
    if reason:
        print(f"no GPU: {reason}")
        return NO_GPU
    gate = not arguments.no_gate
    rows = [check(c, arguments.collector, gate=gate) for c in cases(small=arguments.small)]
    rows += [sanitize(tool) for tool in TOOLS] if arguments.sanitize else []
    failed = [row for row in rows if not row["ok"]]
    print(f"{len(rows) - len(failed)} of {len(rows)} right")
    for row in failed:
        print(f"WRONG {row['case']}: {row['wrong']}")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
