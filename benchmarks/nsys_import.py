"""Ways from a Nsight Systems ``.sqlite`` to columns of int64, and the whole import with overlaps.

Run it as ``python -m benchmarks.nsys_import [--kernels N] [-o results.json]``. The file is written
by this project's exporter from a seeded trace: N kernels on eight streams, N/5 copies, 1.2 N calls.
Each way runs in a process of its own; CPU seconds are those of the work, imports of packages aside
except in the last line, which is the whole process.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from timeline.analysis import devices, overlaps, work_of
from timeline.formats import by_name, open_trace
from timeline.formats.intake import Intake
from timeline.formats.nsys_sqlite.activities import SOURCES
from timeline.formats.nsys_sqlite.database import Database, quoted
from timeline.formats.nsys_sqlite.rows import Tables
from timeline.trace import Meta, Trace, table

KERNELS = SOURCES[0]
REPEATS = 3
_TEXT = """
start end deviceId contextId streamId correlationId globalPid demangledName launchType
registersPerThread staticSharedMemory dynamicSharedMemory graphNodeId graphId
gridX gridY gridZ blockX blockY blockZ clusterX clusterY clusterZ
"""
COLUMNS = _TEXT.split()
SQL = f"SELECT {', '.join(map(quoted, COLUMNS))} FROM {KERNELS.table}"


def made(kernels: int) -> Trace:
    """A seeded trace whose copies run beside kernels."""
    rng, copies = np.random.default_rng(7), kernels // 5

    def spans(count: int, step: int) -> dict[str, Any]:
        start = np.cumsum(rng.integers(step // 5, step, count)) + 1_000_000
        return {"start": start, "end": start + rng.integers(800, 20_000, count)}

    def same(count: int, word: str) -> Any:
        return np.zeros(count, np.int32), [word]

    def place(count: int, first: int) -> dict[str, Any]:
        ones = np.ones(count, np.int32)
        shared = {"device": 0 * ones, "context": ones, "process": 77 * ones}
        issued = first + 2 * np.arange(count)
        return {**shared, "stream": rng.integers(7, 15, count), "correlation": issued}

    lanes = np.ones((kernels, 3), np.int32)
    lanes[:, 0] = rng.integers(1, 500, kernels)
    names = [f"void kernel<{i}>(float const*, float*)" for i in range(100)]
    one = {**spans(kernels, 3_000), **place(kernels, 1_000)}
    two = {**spans(copies, 15_000), **place(copies, 1_000 + 2 * kernels)}
    run = {
        "kind": same(kernels, "kernel"),
        "engine": same(kernels, "SM"),
        "name": (rng.integers(0, 100, kernels).astype(np.int32), names),
        "registers": rng.integers(16, 255, kernels),
        "static_shared": np.zeros(kernels, np.int32),
        "dynamic_shared": np.full(kernels, 4096),
        "grid": lanes,
        "block": np.full((kernels, 3), 128, np.int32),
        "cluster": np.ones((kernels, 3), np.int32),
    }
    to_device = np.arange(copies, dtype=np.int32) % 2
    moved = {
        "kind": same(copies, "memcpy"),
        "engine": (to_device, ["H2D", "D2H"]),
        "copy_kind": (to_device, ["HtoD", "DtoH"]),
        "name": same(copies, "[CUDA memcpy]"),
        "bytes": rng.integers(1, 1 << 24, copies),
    }
    issue = np.concatenate([one["start"], two["start"]])
    calls = {
        "name": same(len(issue), "cudaLaunchKernel"),
        "api": same(len(issue), "runtime"),
        "start": issue - 5_000,
        "end": issue - 3_000,
        "process": np.full(len(issue), 77),
        "thread": np.full(len(issue), 78),
        "correlation": np.concatenate([one["correlation"], two["correlation"]]),
    }
    tables = [table("activities", {**one, **run}), table("activities", {**two, **moved})]
    found = {"activities": pa.concat_tables(tables), "calls": table("calls", calls)}
    return Trace.from_tables(Meta("sim"), found)


def scanned(path: Path) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
        return int(
            database.execute(f"SELECT count(*), sum(start) FROM {KERNELS.table}").fetchone()[0]
        )


def by_cursor(path: Path) -> int:
    parts = []
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
        cursor = database.execute(SQL)
        while rows := cursor.fetchmany(20_000):
            parts.append([np.array(column, object) for column in zip(*rows, strict=True)])
    return sum(len(part[0]) for part in parts)


def by_adbc(path: Path) -> int:
    from adbc_driver_sqlite import dbapi  # type: ignore[import-not-found,unused-ignore]

    with dbapi.connect(f"file:{path}?mode=ro") as database, database.cursor() as cursor:
        cursor.execute(SQL)
        return int(cursor.fetch_arrow_table().num_rows)


def by_pages(path: Path) -> int:
    with Database(Intake(path)) as database:
        return len(Tables(database, Intake(path)).integers(KERNELS.table, COLUMNS))


def whole(path: Path) -> int:
    trace = open_trace(path)
    return sum(len(overlaps(work_of(trace, device))) for device in devices(trace))


WAYS: dict[str, Callable[[Path], int]] = {
    "SQLite scans two columns": scanned,
    "sqlite3 cursor, fetchmany": by_cursor,
    "adbc_driver_sqlite": by_adbc,
    "pages with NumPy (this project)": by_pages,
    "import and overlaps (this project)": whole,
}


def measure(way: str, path: Path) -> dict[str, Any]:
    """Run one way in this process."""
    start = time.process_time()
    try:
        found = WAYS[way](path)
    except ImportError:
        return {"way": way, "cpu_s": None, "process_cpu_s": None, "peak_mb": None}
    spent = time.process_time()
    return {
        "way": way,
        "found": found,
        "cpu_s": spent - start,
        "process_cpu_s": spent,
        "peak_mb": _peak_mb(),
    }


def _peak_mb() -> float:
    """Of this program alone: what getrusage gives starts with the parent's."""
    text = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(text.partition("VmHWM:")[2].split()[0]) / 1024


def in_processes(way: str, path: Path) -> dict[str, Any]:
    """The run of median CPU time."""
    command = [sys.executable, "-m", "benchmarks.nsys_import", "--way", way, "--file", str(path)]
    found: list[dict[str, Any]] = []
    for _ in range(REPEATS):
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found.append(json.loads(done.stdout))
    return sorted(found, key=lambda each: each["cpu_s"] or 0)[REPEATS // 2]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kernels", type=int, default=1_000_000)
    parser.add_argument("--way", choices=WAYS, help="measure only this way, in this process")
    parser.add_argument("--file", type=Path, help="read this file instead of writing one")
    parser.add_argument("-o", "--output", type=Path, help="write the results as JSON")
    args = parser.parse_args(argv)
    if args.way:
        print(json.dumps(measure(args.way, args.file)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = args.file or Path(folder) / "made.sqlite"
        start = time.process_time()
        if args.file is None:
            by_name("nsys_sqlite").write(made(args.kernels), path)
        written, size = time.process_time() - start, path.stat().st_size
        results = [in_processes(way, path) for way in WAYS]
    print(f"{size / 1e6:,.0f} MB; to make and write it took {written:.1f} CPU s")
    print(f"{'':36} {'CPU s':>7} {'process':>8} {'peak MB':>8}")
    for r in results:
        if r["cpu_s"] is None:
            print(f"{r['way']:36} not installed")
        else:
            print(f"{r['way']:36} {r['cpu_s']:7.2f} {r['process_cpu_s']:8.2f} {r['peak_mb']:8,.0f}")
    if args.output:
        facts = {"kernels": args.kernels, "bytes": size, "write_cpu_s": written}
        machine = {"cores": os.cpu_count(), "python": sys.version.split()[0]}
        content = {**facts, **machine, "results": results}
        args.output.write_text(json.dumps(content, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
