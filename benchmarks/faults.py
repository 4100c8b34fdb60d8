"""Recordings that are killed (SIGKILL) at random points: what does each leave?

From the root of the checkout; with a GPU the recorded program is a CuPy loop, without one a loop of
launches on a libcupti that needs none (tests/record/fake_cupti.c, built with the C compiler)::

    python -m benchmarks.faults [--kills 200] [--seed 1] [--json benchmarks/results/faults.json]

Each process records in one of four ways: as it is; keeping only the newest (``max_size``); from
four threads; and ending by itself about when the kill comes. The program notes how much it had
launched by when, so of each trace it is known what must be in it: all that was done before its last
part was written, without a hole. The exit code is 1 if a trace doesn't load, lacks some of that, or
doesn't say that it was cut off.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import mmap
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.backends.cuda.cupti import CuptiCollector
from timeline.errors import TimelineError
from timeline.record import record
from timeline.trace import Trace

ROOT = Path(__file__).parents[1]
FAKES = ROOT / "tests" / "record"
NO_COMPILER = 3

WAYS = ("plain", "ring", "threads", "ending")
EVERY_S = 0.02
MAX_SIZE = "100kB"
LONGEST_S = 2.0
ENDING_S = 0.3
STEP = 100
PAUSE_S = 0.002
START_S = 60.0

Row = dict[str, Any]
Launch = Callable[[int], object]


class Notes:
    """What the recorded process notes, in memory that its parent sees too.

    The log has a row a step: the time when it was done, Unix ns, and the kernels launched so far.
    """

    def __init__(self, steps: int = 1 << 16) -> None:
        memory = mmap.mmap(-1, 16 * (steps + 1))
        words: npt.NDArray[np.int64] = np.frombuffer(memory, np.int64).reshape(-1, 2)
        self._head, self._log = words[0], words[1:]

    def begin(self) -> None:
        """The recording has begun."""
        self._head[0] = 1

    def done(self, launched: int) -> None:
        """A step is done."""
        step = int(self._head[1])
        if step < len(self._log):
            self._log[step] = time.time_ns(), launched
            self._head[1] = step + 1

    def wait(self) -> None:
        """Return when the recording has begun."""
        deadline = time.monotonic() + START_S
        while not self._head[0]:
            if time.monotonic() > deadline:
                raise SystemExit(f"a recording did not begin within {START_S} s")
            time.sleep(0.001)

    def launched_by(self, unix_ns: int) -> int:
        """Kernels that were done at a time."""
        log = self._log[: int(self._head[1])]
        past = int(np.searchsorted(log[:, 0], unix_ns, side="right"))
        return int(log[past - 1, 1]) if past else 0


def launcher() -> Launch:
    """What launches so many kernels and waits for them."""
    fake = os.environ.get("TIMELINE_CUPTI")
    if fake:
        launch: Launch = ctypes.CDLL(fake).fake_launch
        return launch
    import cupy as cp

    kernel = cp.RawKernel('extern "C" __global__ void tick(float* x) { }', "tick")
    data = cp.zeros(1, cp.float32)

    def launch_on_gpu(count: int) -> None:
        for _ in range(count):
            kernel((1,), (32,), (data,))
        cp.cuda.get_current_stream().synchronize()

    launch_on_gpu(1)
    return launch_on_gpu


def recorded(folder: Path, way: str, notes: Notes) -> None:
    """The process that is killed."""
    launch = launcher()
    size = MAX_SIZE if way == "ring" else None
    with record(folder, every_s=EVERY_S, max_size=size, collector=CuptiCollector()):
        notes.begin()
        until = time.monotonic() + (ENDING_S if way == "ending" else START_S)
        if way == "threads":
            for _ in range(3):
                threading.Thread(target=steps, args=(launch, until, None), daemon=True).start()
        steps(launch, until, notes)
    time.sleep(START_S)


def steps(launch: Launch, until: float, notes: Notes | None) -> None:
    """Launch until the time has come."""
    launched = 0
    while time.monotonic() < until:
        launch(STEP)
        launched += STEP
        if notes is not None:
            notes.done(launched)
        time.sleep(PAUSE_S)


def killed(folder: Path, way: str, after_s: float) -> Row:
    """Kill a recording some time after it began, and look at what it left."""
    notes = Notes()
    child = os.fork()
    if child == 0:
        try:
            recorded(folder, way, notes)
        finally:
            os._exit(1)
    try:
        notes.wait()
        time.sleep(after_s)
    finally:
        os.kill(child, signal.SIGKILL)
        at = time.time_ns()
        os.waitpid(child, 0)
    return {"way": way, "after_s": after_s, **left(folder, notes, at)}


def left(folder: Path, notes: Notes, at: int) -> Row:
    """What is in the trace, what must be, and whether it says so."""
    try:
        trace = Trace.load(folder)
    except TimelineError as error:
        return {"loads": False, "error": str(error)}
    kept, rows = trace.meta.kept, trace.activities.num_rows
    cut = kept is not None and not kept.ended
    said = cut == any("did not end" in note for note in trace.meta.notes)
    row: Row = {"loads": True, "cut": cut, "said": said, "rows": rows, "missing": 0, "holes": 0}
    if kept is None:
        return row
    row |= {"parts": kept.parts, "dropped_parts": kept.dropped_parts}
    if not kept.parts:
        return row
    part = trace.meta.epoch_ns + kept.until_ns
    row["lost_ms"] = (at - part) / 1e6
    if not kept.dropped_parts:
        row["missing"] = max(0, notes.launched_by(part) - rows)
    if os.environ.get("TIMELINE_CUPTI"):  # whose correlations are its launches, counted from 1
        numbers = np.sort(trace.column("activities", "correlation"))
        row["holes"] = int((np.diff(numbers) != 1).sum())
        row["missing"] = max(0, notes.launched_by(part) - int(numbers[-1]))
    return row


def sound(row: Row) -> bool:
    """Whether a kill left all that it must."""
    return bool(row["loads"] and row["said"] and not row["missing"] and not row["holes"])


def killings(kills: int, seed: int, folder: Path) -> list[Row]:
    """So many kills, each of a process of its own, the ways by turns."""
    chance, rows = random.Random(seed), []
    for number in range(kills):
        way = WAYS[number % len(WAYS)]
        after = chance.uniform(ENDING_S - 0.1, ENDING_S + 0.3)
        if way != "ending":
            after = chance.uniform(0.0, LONGEST_S)
        trace = folder / f"{number}"
        rows.append(killed(trace, way, after))
        if sound(rows[-1]):
            shutil.rmtree(trace)
        if sys.stderr.isatty():
            print(f"\r{number + 1} of {kills}", end="", file=sys.stderr)
    return rows


def summary(rows: Sequence[Row]) -> Row:
    """How many held, and how much was lost, of kills of one way or of all."""
    lost = [row["lost_ms"] for row in rows if "lost_ms" in row]
    return {
        "kills": len(rows),
        "load": sum(row["loads"] for row in rows),
        "sound": sum(map(sound, rows)),
        "cut": sum(row.get("cut", False) for row in rows),
        "parts": sum(row.get("parts", 0) for row in rows),
        "lost_ms_median": statistics.median(lost) if lost else None,
        "lost_ms_most": max(lost, default=None),
    }


def shown(found: Row) -> None:
    """Print the table."""
    print(
        f"killed while recording on {found['on']}, a part every {EVERY_S} s, seed {found['seed']}"
    )
    head = ("way", "kills", "load", "sound", "cut off", "parts", "lost ms, median", "most")
    print(("{:<10}" + "{:>9}" * 5 + "{:>17}{:>9}").format(*head))
    for way, row in found["ways"].items():
        lost = [
            "–" if row[key] is None else f"{row[key]:.1f}"
            for key in ("lost_ms_median", "lost_ms_most")
        ]
        counts = [row[key] for key in ("kills", "load", "sound", "cut", "parts")]
        print(("{:<10}" + "{:>9}" * 5 + "{:>17}{:>9}").format(way, *counts, *lost))
    for row in found["unsound"]:
        print("unsound:", json.dumps(row))


def build_fakes(folder: Path) -> None:
    """Build a libcupti and a driver that need no GPU.

    Raises
    ------
    OSError
        Without a C compiler.
    """
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise OSError("needs a C compiler")
    for source, library in (("fake_cupti.c", "libcupti.so"), ("fake_driver.c", "libcuda.so.1")):
        command = [compiler, "-shared", "-fPIC", "-o", str(folder / library), str(FAKES / source)]
        subprocess.run(command, check=True)


def environment(folder: Path) -> dict[str, str]:
    """The variables with which a process records on the fakes in ``folder``."""
    return {"LD_LIBRARY_PATH": str(folder), "TIMELINE_CUPTI": str(folder / "libcupti.so")}


def has_gpu() -> bool:
    """Whether there is a GPU and CuPy, asked in another process: CUDA does not survive a fork."""
    code = "import cupy; cupy.cuda.runtime.getDeviceCount()"
    return (
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode
        == 0
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Kill, print and write; 1 if a trace was not sound, 3 without a GPU and a C compiler."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found")
    parser.add_argument("--on", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    words = sys.argv[1:] if argv is None else list(argv)
    if args.on is None:
        return served(words)
    with tempfile.TemporaryDirectory() as folder:
        rows = killings(args.kills, args.seed, Path(folder))
    found = {
        "on": args.on,
        "seed": args.seed,
        "every_s": EVERY_S,
        "ways": {
            **{way: summary([row for row in rows if row["way"] == way]) for way in WAYS},
            "all": summary(rows),
        },
        "unsound": [row for row in rows if not sound(row)],
    }
    shown(found)
    if args.json:
        args.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return 1 if found["unsound"] else 0


def served(words: Sequence[str]) -> int:
    """Run this again on a GPU, or on the fakes, which the environment must name at the start."""
    if has_gpu():
        return again(words, "a GPU, CuPy", {})
    with tempfile.TemporaryDirectory() as folder:
        try:
            build_fakes(Path(folder))
        except OSError as error:
            print(f"nothing is killed: no GPU with CuPy, and it {error}", file=sys.stderr)
            return NO_COMPILER
        return again(words, "a libcupti that needs no GPU", environment(Path(folder)))


def again(words: Sequence[str], on: str, variables: dict[str, str]) -> int:
    """This script with other variables."""
    command = [sys.executable, "-m", "benchmarks.faults", *words, "--on", on]
    return subprocess.run(command, env={**os.environ, **variables}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
