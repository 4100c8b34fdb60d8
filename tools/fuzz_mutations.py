"""Read mutated files with all importers, many a second, and count what breaks.

    python -m tools.fuzz_mutations --seconds 480                   # on all cores
    python -m tools.fuzz_mutations --inputs 100000 --importer kineto --write
    python -m tools.fuzz_mutations --seed 1 --again 1234            # one input, in this process

Needs NumPy and pyarrow alone. An input is made from the seed and its number: a small sound file
with values, fields, cells or bytes changed. A find is anything but a sound trace or one line that
names the file: an error of Python, a crash, more than 2 s of processor time, more than 1 GiB of
memory. Each is kept as a file in ``--finds``, beside what was raised. Exit code 1 if there was any.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tools.fuzzing.targets import Target, check, targets
from tools.fuzzing.workers import KINDS, OUTCOMES, Board, Job, make, work

__all__ = ["main"]

RESULTS = Path(__file__).resolve().parents[1] / "benchmarks" / "results" / "fuzz.json"
_SHOWN_EVERY_S = 1.0
_WARM = 400


def main(argv: Sequence[str] | None = None) -> int:
    """Fuzz; returns the exit code."""
    args = _arguments(argv)
    # In memory where the system has such a place: a small file a hundred times a second.
    shared = Path("/dev/shm")
    place = shared if os.access(shared, os.W_OK) else None
    scratch = Path(tempfile.mkdtemp(prefix="timeline-fuzz-", dir=place))
    try:
        found = targets(scratch)
        if args.importer:
            found = [each for each in found if each.name in args.importer]
        _warm(found, scratch)
        if args.again is not None:
            return _again(found, args.seed, args.again, scratch)
        args.finds.mkdir(parents=True, exist_ok=True)
        begun = time.monotonic()
        job = Job(args.seed, args.inputs, begun + args.seconds, args.processes, scratch, args.finds)
        boards = _run(job, found)
        result = _result(job, found, boards, time.monotonic() - begun)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    _show(result)
    if args.write:
        RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    return 1 if result["finds"] else 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=1e9, help="when to stop")
    parser.add_argument("--inputs", type=int, default=2**40, help="how many inputs in all")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--importer", action="append", help="only this one; may be repeated")
    parser.add_argument("--finds", type=Path, default=Path("fuzz-finds"), metavar="DIR")
    parser.add_argument("--again", type=int, metavar="NUMBER", help="make and read one input")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    args = parser.parse_args(argv)
    if args.seconds == 1e9 and args.inputs == 2**40 and args.again is None:
        parser.error("say --seconds or --inputs")
    return args


def _warm(found: Sequence[Target], scratch: Path) -> None:
    """Import what reading imports, before anything forks."""
    folder = scratch / "warm"
    folder.mkdir()
    for number in range(_WARM):
        which, path, lenient = make(found, 0, number, folder)
        try:
            check(found[which], path, lenient=lenient)
        except Exception:  # a worker will find it
            continue
    shutil.rmtree(folder)


def _again(found: Sequence[Target], seed: int, number: int, scratch: Path) -> int:
    which, path, lenient = make(found, seed, number, scratch)
    print(f"{found[which].name}, {'lenient' if lenient else 'strict'}: {path}")
    print("a trace" if check(found[which], path, lenient=lenient) else "refused")
    return 0


def _run(job: Job, found: Sequence[Target]) -> list[Board]:
    boards = [Board(len(found)) for _ in range(job.workers)]
    children = []
    for number, board in enumerate(boards):
        child = os.fork()
        if not child:
            code = 1
            try:
                work(job, found, board, number)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    while children:
        children = [child for child in children if not os.waitpid(child, os.WNOHANG)[0]]
        if sys.stderr.isatty():
            counts = np.sum([board.counts for board in boards], axis=0).sum(axis=0)
            print(f"\r{counts.sum():,} inputs, {counts[2:].sum():,} finds", end="", file=sys.stderr)
        time.sleep(_SHOWN_EVERY_S)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return boards


def _result(
    job: Job, found: Sequence[Target], boards: Sequence[Board], seconds: float
) -> dict[str, Any]:
    counts = np.sum([board.counts for board in boards], axis=0)
    spent = np.sum([board.spent for board in boards], axis=0)
    slowest = np.max([board.slowest for board in boards], axis=0)
    rows = [
        {
            "importer": target.name,
            "inputs": int(counts[place].sum()),
            **dict(zip(OUTCOMES, counts[place].tolist(), strict=True)),
            "cpu_ms_an_input": round(1e3 * spent[place] / max(counts[place].sum(), 1), 3),
            "slowest_ms": round(1e3 * slowest[place], 1),
        }
        for place, target in enumerate(found)
    ]
    return {
        "seed": job.seed,
        "processes": job.workers,
        "seconds": round(seconds, 1),
        "inputs": int(counts.sum()),
        "finds": int(counts[:, 2:].sum()),
        "children": int(sum(board.now[1] for board in boards)),
        "peak_bytes": int(max(board.now[2] for board in boards)),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pyarrow": pa.__version__,
        "importers": rows,
    }


def _show(result: dict[str, Any]) -> None:
    columns = ("importer", "inputs", "trace", "refused", *KINDS, "cpu_ms_an_input", "slowest_ms")
    print("  ".join(f"{name:>12}" for name in columns))
    for row in result["importers"]:
        cells = (row[name] if name == "importer" else f"{row[name]:,}" for name in columns)
        print("  ".join(f"{cell:>12}" for cell in cells))
    print(
        f"{result['inputs']:,} inputs in {result['seconds']:,} s with {result['processes']} "
        f"processes, seed {result['seed']}; {result['finds']:,} finds"
    )


if __name__ == "__main__":
    sys.exit(main())
