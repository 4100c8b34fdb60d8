"""Every form of a trace, written and read: CPU seconds, size and memory, side by side.

Run it as ``python -m benchmarks.formats [--activities N ...] [--only FORM ...] [-o results.json]``.
The trace is that of :mod:`benchmarks.nsys_import`: N activities, five of six kernels, on eight
streams, and as many calls: two rows for each activity. Each measurement runs in a process of its
own, which has the trace in memory before it writes; CPU seconds are those of the writing or reading
alone, imports of packages included. The line of Perfetto's own classes is a reference: begins and
ends of activities with three annotations each, by an object a packet, as its documentation shows.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.nsys_import import made
from timeline.formats import open_trace, writer
from timeline.trace import Trace

Write = Callable[[Trace, Path], object]
Read = Callable[[Path], object]

KERNELS_OF_SIX = 5
_HEADINGS = "{:>5} CPU s   MB/s  µs/row  peak MB"
MOST_OBJECTS = 100_000
"""Activities up to which the reference runs; it takes minutes beyond."""


@dataclass(frozen=True)
class Form:
    """A form of a trace; ``read`` is None where it is written only."""

    file: str
    write: Write
    read: Read | None


def _with(name: str) -> Write:
    return lambda trace, path: writer(name).write(trace, path)


def _decoded(path: Path) -> dict[str, Any]:
    """Every column of a native trace, which would otherwise be decoded when it is asked for."""
    return dict(Trace.load(path).tables)


def _by_objects(trace: Trace, path: Path) -> None:
    from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as protos

    names = trace.names("activities", "name")
    columns = ("start", "end", "name", "stream", "correlation", "context")
    rows = zip(*(trace.column("activities", c).tolist() for c in columns), strict=True)
    found = protos.Trace()
    for start, end, name, stream, correlation, context in rows:
        packet = found.packet.add(timestamp=start, trusted_packet_sequence_id=1)
        event = packet.track_event
        event.type, event.track_uuid, event.name = event.TYPE_SLICE_BEGIN, stream, names[name]
        said = {"correlation": correlation, "context": context, "stream": stream}
        for key, value in said.items():
            event.debug_annotations.add(name=key, int_value=value)
        packet = found.packet.add(timestamp=end, trusted_packet_sequence_id=1)
        packet.track_event.type = event.TYPE_SLICE_END
        packet.track_event.track_uuid = stream
    path.write_bytes(found.SerializeToString())


def _objects_read(path: Path) -> list[Any]:
    from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as protos

    rows = []
    for packet in protos.Trace.FromString(path.read_bytes()).packet:
        event = packet.track_event
        said = {one.name: one.int_value for one in event.debug_annotations}
        rows.append((packet.timestamp, event.type, event.track_uuid, event.name, said))
    return rows


FORMS = {
    "native folder": Form("native", lambda trace, path: trace.save(path), _decoded),
    "Perfetto protobuf": Form("a.perfetto-trace", _with("perfetto"), open_trace),
    "Perfetto, object by object": Form("b.perfetto-trace", _by_objects, _objects_read),
    "Chrome JSON": Form("a.json", _with("kineto"), open_trace),
    "Chrome JSON, gzip": Form("a.json.gz", _with("kineto"), open_trace),
    "nsys SQLite": Form("a.sqlite", _with("nsys_sqlite"), open_trace),
    "CSV of all tables": Form("csv", _with("csv"), None),
    "Parquet of all tables": Form("parquet", _with("parquet"), None),
}


def measure(name: str, way: str, path: Path, activities: int) -> dict[str, Any]:
    """Write or read once, in this process."""
    form = FORMS[name]
    trace = made(activities * KERNELS_OF_SIX // 6) if way == "write" else None
    start = time.process_time()
    if trace is not None:
        form.write(trace, path)
    elif form.read is not None:
        form.read(path)
    return {"cpu_s": time.process_time() - start, "peak_mb": _peak_mb()}


def _peak_mb() -> float:
    """Of this program alone: what getrusage gives starts with the parent's."""
    text = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(text.partition("VmHWM:")[2].split()[0]) / 1024


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(part.stat().st_size for part in path.rglob("*") if part.is_file())


def in_process(name: str, way: str, path: Path, activities: int, repeats: int) -> dict[str, Any]:
    """The run of median CPU time."""
    command = [sys.executable, "-m", "benchmarks.formats", "--form", name, "--way", way]
    command += ["--file", str(path), "--activities", str(activities)]
    found: list[dict[str, Any]] = []
    for turn in range(repeats):
        target = path if way == "read" or not turn else path.with_name(f"{turn}{path.name}")
        command[command.index("--file") + 1] = str(target)
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found.append(json.loads(done.stdout))
    return sorted(found, key=lambda each: float(each["cpu_s"]))[len(found) // 2]


def both(name: str, activities: int, repeats: int) -> dict[str, Any]:
    """Write a form and read it back."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FORMS[name].file
        written = in_process(name, "write", path, activities, repeats)
        size = _size(path)
        read = FORMS[name].read and in_process(name, "read", path, activities, repeats)
    rows = 2 * activities
    return {
        "form": name,
        "activities": activities,
        "rows": rows,
        "bytes": size,
        "write": written,
        "read": read,
    }


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--activities", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=FORMS, default=list(FORMS))
    parser.add_argument("--form", choices=FORMS, help="measure only this, in this process")
    parser.add_argument("--way", choices=("write", "read"), default="write")
    parser.add_argument("--file", type=Path)
    parser.add_argument("-o", "--output", type=Path, help="write the results as JSON")
    args = parser.parse_args(argv)
    if args.form:
        print(json.dumps(measure(args.form, args.way, args.file, args.activities[0])))
        return 0
    results = []
    for activities in args.activities:
        print(f"{activities:,} activities")
        print(f"{'':26} {'MB':>6} {_HEADINGS.format('out')} {_HEADINGS.format('in')}")
        for name in args.only:
            if FORMS[name].write is _by_objects and activities > MOST_OBJECTS:
                continue
            found = both(name, activities, args.repeats)
            results.append(found)
            print(_line(found), flush=True)
    if args.output:
        machine = {"cores": os.cpu_count(), "python": sys.version.split()[0]}
        content = {**machine, "repeats": args.repeats, "results": results}
        args.output.write_text(json.dumps(content, indent=2) + "\n")
    return 0


def _line(found: dict[str, Any]) -> str:
    """CPU seconds, MB of the file and µs for a row in each, and memory, out and in."""
    text = f"{found['form']:26} {found['bytes'] / 1e6:6,.0f}"
    for way in ("write", "read"):
        run = found[way]
        if run is not None:
            speed, cost = found["bytes"] / 1e6 / run["cpu_s"], run["cpu_s"] / found["rows"] * 1e6
            text += f" {run['cpu_s']:9.2f} {speed:6,.0f} {cost:7.2f} {run['peak_mb']:8,.0f}"
    return text


if __name__ == "__main__":
    sys.exit(main())
