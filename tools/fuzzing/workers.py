"""Workers that read inputs in children, so that a crash or a hang costs one child.

A worker imports everything, then forks. Its child reads input after input in the same process; what
it is at, and since when, stands in memory that the worker sees. An input belongs to its number and
the seed alone, so that it can be made again.
"""

from __future__ import annotations

import mmap
import os
import re
import resource
import shutil
import signal
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from tools.fuzzing.targets import Target, check

__all__ = ["KINDS", "OUTCOMES", "Board", "Job", "make", "work"]

OUTCOMES = ("trace", "refused", "error", "crash", "hang", "memory")
KINDS = OUTCOMES[2:]
"""Those that are finds."""

HANG_CPU_S, HANG_WALL_S = 2.0, 30.0
MOST_BYTES = 1 << 30
_INPUTS_A_CHILD = 20_000
_POLL_S = 0.02
_KEPT_OF_A_KIND = 3
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Job:
    """What all workers do.

    Attributes
    ----------
    inputs : int
        Inputs in all.
    until : float
        Value of :func:`time.monotonic` at which to stop.
    finds : Path
        Folder for inputs that broke something.
    """

    seed: int
    inputs: int
    until: float
    workers: int
    scratch: Path
    finds: Path


class Board:
    """What a worker and its child have in common.

    Attributes
    ----------
    now : numpy.ndarray of int64, shape (3,)
        Number of the input that is read, how many children there were, most bytes of any child.
    counts : numpy.ndarray of int64, shape (targets, outcomes)
        Inputs.
    spent, slowest : numpy.ndarray of float64, shape (targets,)
        Seconds of processor time, in all and of the slowest input.
    """

    def __init__(self, targets: int) -> None:
        self._memory = mmap.mmap(-1, 8 * (3 + targets * (len(OUTCOMES) + 2)))
        words = np.frombuffer(self._memory, np.int64)
        self.now, rest = words[:3], words[3:]
        self.counts = rest[: targets * len(OUTCOMES)].reshape(targets, -1)
        self.spent, self.slowest = rest[targets * len(OUTCOMES) :].view("f8").reshape(2, -1)


def make(targets: Sequence[Target], seed: int, number: int, folder: Path) -> tuple[int, Path, bool]:
    """Make input ``number``: its target's place, where it lies, and whether to read leniently."""
    rng = Random(seed << 48 ^ number)
    which = _turn(targets, number)
    return which, targets[which].place(folder, rng), rng.random() < 0.5


def _turn(targets: Sequence[Target], number: int) -> int:
    """Place of the target whose turn it is; those that take long have fewer."""
    turns = [place for place, each in enumerate(targets) for _ in range(each.turns)]
    return turns[number % len(turns)]


def work(job: Job, targets: Sequence[Target], board: Board, first: int) -> None:
    """Read inputs ``first``, ``first + job.workers``, … in children, one after the other."""
    folder = job.scratch / f"worker-{first}"
    folder.mkdir()
    board.now[0] = first
    while board.now[0] < job.inputs and time.monotonic() < job.until:
        board.now[1] += 1
        child = os.fork()
        if not child:
            code = 1
            try:
                _child(job, targets, board, folder)
                code = 0
            finally:
                os._exit(code)
        kind = _watch(child, board)
        if kind:
            number = int(board.now[0])
            _found(job, targets, board, number, kind, "")
            board.now[0] += job.workers
        for name in ("input", "native"):  # a child may have died in the middle of writing
            _remove(folder / name)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _child(job: Job, targets: Sequence[Target], board: Board, folder: Path) -> None:
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    resource.setrlimit(resource.RLIMIT_DATA, (_data_bytes() + MOST_BYTES, -1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for _ in range(_INPUTS_A_CHILD):
        number = int(board.now[0])
        if number >= job.inputs or time.monotonic() >= job.until:
            return
        which, path, lenient = make(targets, job.seed, number, folder)
        before = time.process_time()
        try:
            outcome = "trace" if check(targets[which], path, lenient=lenient) else "refused"
        except MemoryError:
            outcome = _found(job, targets, board, number, "memory", traceback.format_exc())
        except Exception:
            outcome = _found(job, targets, board, number, "error", traceback.format_exc())
        spent = time.process_time() - before
        board.spent[which] += spent
        board.slowest[which] = max(board.slowest[which], spent)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
        board.now[2] = max(board.now[2], peak)
        if outcome in ("trace", "refused"):
            if peak - base > MOST_BYTES:
                _found(job, targets, board, number, "memory", f"{peak - base:,} bytes\n")
            else:
                board.counts[which, OUTCOMES.index(outcome)] += 1
        board.now[0] += job.workers
        if peak - base > MOST_BYTES:
            return  # the peak of a process never falls, so another one goes on


def _watch(child: int, board: Board) -> str:
    """Wait for a child; why it ended, empty if as it should."""
    at, cpu, since = -1, 0.0, time.monotonic()
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return "" if os.WIFEXITED(status) and not os.WEXITSTATUS(status) else "crash"
        if board.now[0] != at:
            at, cpu, since = int(board.now[0]), _cpu_s(child), time.monotonic()
        elif _cpu_s(child) - cpu > HANG_CPU_S or time.monotonic() - since > HANG_WALL_S:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "hang" if int(board.now[0]) == at else ""
        time.sleep(_POLL_S)


def _cpu_s(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _data_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmData:")[2].split()[0]) << 10


def _found(
    job: Job, targets: Sequence[Target], board: Board, number: int, kind: str, why: str
) -> str:
    """Count a find, and keep the first few of its kind with what was raised."""
    which = _turn(targets, number)
    place = OUTCOMES.index(kind)
    board.counts[which, place] += 1
    last = why.strip().rpartition("\n")[2].partition(":")[0] or "process"
    at = [line for line in why.splitlines() if line.startswith('  File "')]
    where = re.sub(r'.*/(\w+)\.py", line (\d+),.*', r"\1-\2", at[-1]) if at else ""
    label = "-".join(filter(None, (targets[which].name, kind, last.rpartition(".")[2], where)))
    if len(list(job.finds.glob(f"{label}-*.txt"))) >= _KEPT_OF_A_KIND:
        return kind
    target = job.finds / f"{label}-{number}"
    with_folder = job.finds / f".making-{number}"
    with_folder.mkdir(exist_ok=True)
    _, path, lenient = make(targets, job.seed, number, with_folder)
    path.rename(target)
    shutil.rmtree(with_folder)
    words = f"seed {job.seed}, input {number}, {'lenient' if lenient else 'strict'}\n{why}"
    target.with_name(f"{target.name}.txt").write_text(words)
    return kind
