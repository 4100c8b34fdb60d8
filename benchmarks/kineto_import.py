"""Importing a Kineto trace: CPU time, memory, and figures beside an oracle of its own.

    python -m benchmarks.kineto_import [--gpu-events 1000000] [--candidates] [--json OUT]

Each run is a process of its own, imports included: load, temporal breakdown (communication by the
kernel's name, computation, copies, idle) and the overlap of communication with computation. The
oracle finds the GPU's events with a regular expression and merges their spans in plain Python.
``--candidates`` measures what else could read the file: the same bytes, cut on event boundaries,
through other parsers, which only parse (msgspec and orjson where they are installed).
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.kineto_file import write

REPEATS = 3
CHUNK = 8 << 20
EVENTS = b'"traceEvents": ['
BETWEEN = b"\n  },\n  {"
GPU_EVENT = re.compile(
    rb'"cat": "(kernel|gpu_memcpy|gpu_memset)", "name": "([^"]*)", [^\n]*\n'
    rb'    "ts": (\d+)\.(\d{3}), "dur": (\d+)\.(\d{3})'
)


def measured(path: str) -> dict[str, int]:
    """Load with timeline, and measure with its intervals."""
    import numpy as np

    from timeline.formats import open_trace
    from timeline.intervals import intersect, measure, union

    trace = open_trace(path)
    start, end = trace.column("activities", "start"), trace.column("activities", "end")
    kernels = np.array(trace.names("activities", "kind")) == "kernel"
    nccl = np.array([name.startswith("nccl") for name in trace.names("activities", "name")])
    kernel = kernels[trace.column("activities", "kind")]
    comm = kernel & nccl[trace.column("activities", "name")]
    busy = union(start, end)
    communication = union(start[comm], end[comm])
    computation = union(start[kernel & ~comm], end[kernel & ~comm])
    return {
        "idle_ns": int(end.max() - start.min()) - measure(*busy),
        "comm_ns": measure(*communication),
        "compute_ns": measure(*computation),
        "overlap_ns": measure(*intersect(*communication, *computation)),
    }


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def length(spans: list[tuple[int, int]]) -> int:
    return sum(end - start for start, end in spans)


def oracle(path: Path) -> dict[str, int]:
    """The same figures without timeline."""
    everything: list[tuple[int, int]] = []
    comm: list[tuple[int, int]] = []
    compute: list[tuple[int, int]] = []
    for kind, name, *digits in GPU_EVENT.findall(path.read_bytes()):
        us, ns, lasts_us, lasts_ns = map(int, digits)
        start = us * 1000 + ns
        span = start, start + lasts_us * 1000 + lasts_ns
        everything.append(span)
        if kind == b"kernel":
            (comm if name.startswith(b"nccl") else compute).append(span)
    busy, a, b = merged(everything), merged(comm), merged(compute)
    return {
        "idle_ns": busy[-1][1] - busy[0][0] - length(busy),
        "comm_ns": length(a),
        "compute_ns": length(b),
        "overlap_ns": length(a) + length(b) - length(merged([*a, *b])),
    }


def chunks(path: str) -> Iterable[bytes]:
    """The events but the last in lists of about 8 MiB."""
    rest = b""
    with Path(path).open("rb") as file:
        while block := file.read(CHUNK):
            rest += block
            if file.tell() <= CHUNK:
                rest = rest[rest.find(EVENTS) + len(EVENTS) :]
            cut = rest.rfind(BETWEEN)
            yield b"[" + rest[: cut + 4] + b"]"
            rest = rest[cut + 5 :]


def with_json(path: str) -> dict[str, int]:
    return {"events": sum(len(json.loads(chunk)) for chunk in chunks(path))}


def with_orjson(path: str) -> dict[str, int]:
    import orjson

    return {"events": sum(len(orjson.loads(chunk)) for chunk in chunks(path))}


def with_msgspec(path: str) -> dict[str, int]:
    import msgspec  # type: ignore[import-not-found, unused-ignore]

    fields: list[Any] = ["ph", ("ts", msgspec.Raw, msgspec.Raw(b"0"))]
    fields += [("dur", msgspec.Raw, msgspec.Raw(b"0")), ("name", str, ""), ("cat", str, "")]
    fields[0] = ("ph", str)
    arguments = msgspec.defstruct(
        "Args", [(name, int, -1) for name in ("stream", "device", "correlation")], gc=False
    )
    event = msgspec.defstruct("Event", [*fields, ("args", arguments | None, None)], gc=False)
    decoder = msgspec.json.Decoder(list[event])  # type: ignore[valid-type]
    return {"events": sum(len(decoder.decode(chunk)) for chunk in chunks(path))}


def with_arrow(path: str) -> dict[str, int]:
    import pyarrow as pa
    import pyarrow.json as pj

    ids = [(name, pa.int64()) for name in ("stream", "device", "correlation")]
    texts = [(name, pa.string()) for name in ("ph", "name", "cat")]
    times = [(name, pa.decimal128(22, 3)) for name in ("ts", "dur")]
    schema = pa.schema([*texts, *times, ("args", pa.struct(ids))])
    parse = pj.ParseOptions(schema, newlines_in_values=True, unexpected_field_behavior="ignore")
    count = 0
    for chunk in chunks(path):
        lines = chunk[1:-1].replace(BETWEEN, b"\n  } \n  {")
        read = pj.ReadOptions(use_threads=False, block_size=len(lines) + 1)
        count += pj.read_json(pa.BufferReader(lines), read, parse).num_rows
    return {"events": count}


CANDIDATES: dict[str, Callable[[str], dict[str, int]]] = {
    "json (the whole events)": with_json,
    "orjson (the whole events)": with_orjson,
    "msgspec (eight fields of each)": with_msgspec,
    "pyarrow.json (eight fields of each)": with_arrow,
}
RUNS = {"timeline": measured, **CANDIDATES}


def child(name: str, path: str) -> None:
    """One run; prints its figures, CPU seconds since the process began and peak memory."""
    found = RUNS[name](path)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(json.dumps({"found": found, "cpu_s": time.process_time(), "peak_mb": peak}))


def run(name: str, path: Path) -> dict[str, Any] | None:
    command = [
        sys.executable,
        "-m",
        "benchmarks.kineto_import",
        "--child",
        name,
        "--file",
        str(path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{name}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def compare(path: Path, names: Iterable[str], repeats: int) -> list[dict[str, Any]]:
    """Medians of runs that take turns."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for _ in range(repeats):
        for name, found in runs.items():
            if (one := run(name, path)) is not None:
                found.append(one)
    return [
        {
            "reader": name,
            "cpu_s": median(one["cpu_s"] for one in found),
            "peak_mb": median(one["peak_mb"] for one in found),
            "found": found[0]["found"],
        }
        for name, found in runs.items()
        if found
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpu-events", type=int, default=1_000_000)
    parser.add_argument("--candidates", action="store_true")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--file", type=Path, help="a file of benchmarks/kineto_file.py")
    parser.add_argument("--json", type=Path, metavar="OUT")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args.child, str(args.file))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = args.file or Path(folder) / "trace.json"
        if not args.file:
            write(path, args.gpu_events)
        rows = compare(path, RUNS if args.candidates else ["timeline"], args.repeats)
        size, exact = path.stat().st_size, oracle(path)
    print(f"{size / 1e9:.2f} GB")
    print(f"{'reader':<38} {'CPU s':>8} {'peak MB':>8}")
    for row in rows:
        print(f"{row['reader']:<38} {row['cpu_s']:>8.2f} {row['peak_mb']:>8.0f}")
    same = rows[0]["found"] == exact
    print("figures equal to the oracle's:", same, exact)
    if args.json:
        report = {"bytes": size, "gpu_events": args.gpu_events, "runs": rows, "exact": exact}
        args.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
