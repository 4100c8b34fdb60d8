"""Small sound files of every form that the importers read."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from timeline.formats import by_name
from timeline.formats.nsys_sqlite.out_schema import ENUMS, TABLES, create
from tools.fuzzing.protobuf import varint
from tools.fuzzing.small_trace import small_trace

__all__ = ["folders", "kineto", "perfetto", "proton", "sqlite"]

_MOST = ("activities", "calls", "ranges", "syncs", "streams", "stamps", "allocs", "collectives")


def _exported(name: str, suffix: str, folder: Path) -> list[bytes]:
    """What our own writer makes of each table alone, and of most of them."""
    path, found = folder / f"seed{suffix}", []
    for trace in (*(small_trace(table, rows=1) for table in _MOST), small_trace(*_MOST)):
        by_name(name).write(trace, path)
        found.append(path.read_bytes())
    path.unlink()
    return found


def kineto(folder: Path) -> list[bytes]:
    """PyTorch's own layout, the same without spaces, a bare list of events, and exports."""
    document = {
        "schemaVersion": 1,
        "deviceProperties": [{"id": 0, "name": "A100", "totalGlobalMem": 1 << 35, "numSms": 108}],
        "distributedInfo": {"rank": 0, "world_size": 2, "backend": "nccl"},
        "baseTimeNanoseconds": 1_700_000_000_000_000_000,
    }
    events = _events()
    text = ",\n".join(f"  {{\n    {json.dumps(each)[1:-1]}\n  }}" for each in events)
    head = json.dumps({"schemaVersion": 1, "traceEvents": 0})[:-2]
    alone = [f"{head}[{json.dumps(each)}]}}".encode() for each in events]
    head = json.dumps(document, indent=2)[:-2]
    laid_out = f'{head},\n  "traceEvents": [\n{text}\n  ],\n  "traceName": "t.json"\n}}\n'
    return [
        laid_out.encode(),
        json.dumps({**document, "traceEvents": events}, separators=(",", ":")).encode(),
        json.dumps(events[4:6]).encode(),
        *alone,
        *_exported("kineto", ".json", folder),
    ]


def _events() -> list[dict[str, Any]]:
    def complete(category: str, name: str, at: float, **args: Any) -> dict[str, Any]:
        event = {"ph": "X", "cat": category, "name": name, "pid": 7, "tid": 9, "ts": at, "dur": 5}
        return {**event, "args": args}

    gpu = {"device": 0, "context": 1, "stream": 7}
    place: dict[str, Any] = {"pid": 7, "tid": 9}
    return [
        complete("cpu_op", "aten::mm", 1.0, **{"External id": 1, "Sequence number": 0}),
        *(complete("cuda_runtime", "cudaLaunchKernel", n, correlation=n) for n in (1, 2, 3, 4)),
        *(
            complete("kernel", f"k{n}<float>", n + 0.125, **gpu, correlation=n, grid=[1, 2, 3])
            for n in (1, 2, 3, 4)
        ),
        complete("gpu_memcpy", "Memcpy HtoD (Pinned -> Device)", 8, **gpu, bytes=64, correlation=8),
        complete("gpu_memset", "Memset (Device)", 9, **gpu, bytes=64, correlation=9),
        complete("cuda_sync", "Stream Wait Event", 9, stream=7, wait_on_stream=8),
        complete("user_annotation", "nccl:all_reduce", 9, **{"In msg nelems": 4, "dtype": "Int"}),
        complete("gpu_user_annotation", "step", 9),
        {"ph": "s", "id": 1, **place, "ts": 1, "cat": "ac2g", "name": "ac2g"},
        {"ph": "f", "id": 1, **place, "ts": 2, "cat": "ac2g", "name": "ac2g", "bp": "e"},
        {"ph": "B", "cat": "python_function", "name": "f", **place, "ts": 3},
        {"ph": "E", **place, "ts": 4},
        {"ph": "i", "s": "t", "name": "mark", **place, "ts": 4},
        {"ph": "M", "name": "thread_name", **place, "args": {"name": "main"}},
    ]


def proton(folder: Path) -> list[bytes]:
    """Scopes of two kernels, as Triton's Proton writes them."""
    del folder
    events = [
        {
            "args": {"Frequency (MHz)": 1000.0, "call_stack": []},
            "cat": kernel,
            "dur": 0.5 + n,
            "name": ("load", "mma")[n % 2],
            "ph": "X",
            "pid": f"{kernel} Core{n} CTA{n // 2}",
            "tid": f"warp {n % 2} (line 0)",
            "ts": 1.25 * n,
        }
        for n, kernel in enumerate(("gemm", "gemm", "gemm", "softmax"))
    ]
    whole = {"displayTimeUnit": "ns", "traceEvents": events}
    return [json.dumps(whole, separators=(",", ":")).encode(), json.dumps(whole, indent=1).encode()]


def sqlite(folder: Path) -> list[bytes]:
    """Each table alone, all together, what our writer makes, and tables stored unusually."""
    written = folder / "seed.sqlite"
    by_name("nsys_sqlite").write(small_trace(), written)
    filled = {name: _filled(name) for name in TABLES if name != "StringIds"}
    texts = _filled("StringIds")
    every = [*texts, *map(create, ENUMS), *(one for rows in filled.values() for one in rows)]
    found = [_packed(written, "PRAGMA user_version = 0"), _packed(folder / "every.sqlite", *every)]
    kernel = filled["CUPTI_ACTIVITY_KIND_KERNEL"]
    for name, rows in filled.items():
        # A table that only describes is of no use without one that is read.
        beside = [] if name.startswith(("CUPTI", "NVTX", "CUDA")) else kernel
        found.append(_packed(folder / f"{name}.sqlite", *texts, *beside, *rows))
    kernels = "start, end, deviceId, streamId, correlationId, demangledName"
    unusual = (
        f"CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL ({kernels}, PRIMARY KEY (start)) WITHOUT ROWID",
        "CREATE INDEX i ON CUPTI_ACTIVITY_KIND_KERNEL (end)",
        "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES (1, 2, 0, 7, 1, 1), (3, 4, 0, 7, 2, 1)",
        "CREATE TABLE StringIds (id INTEGER PRIMARY KEY, value TEXT)",
        "INSERT INTO StringIds VALUES (1, 'kernel'), (2, 'cudaLaunchKernel')",
        "CREATE VIEW CUPTI_ACTIVITY_KIND_RUNTIME AS SELECT 1 AS start, 2 AS end",
        "CREATE TRIGGER t AFTER INSERT ON StringIds BEGIN DELETE FROM StringIds; END",
    )
    return [*found, _packed(folder / "unusual.sqlite", *unusual)]


def _filled(name: str) -> list[str]:
    """Statements that make a table with rows of small numbers."""
    found = [create(name)]
    for row in (1, 2):
        cells = [_cell(place, row, kind) for place, kind in enumerate(TABLES[name].values())]
        found.append(f'INSERT INTO "{name}" VALUES ({", ".join(cells)})')
    return found


def _cell(place: int, row: int, kind: str) -> str:
    if "TEXT" in kind:
        return f"'t{row}'"
    return str(row if not place else (row * 50 if place < 2 else row % 2))


def _packed(path: Path, *statements: str) -> bytes:
    """The file in small pages."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for statement in statements:
            database.execute(statement)
        database.execute("PRAGMA page_size = 1024")
        database.execute("VACUUM")
    content = path.read_bytes()
    path.unlink()
    return content


def _message(*fields: tuple[int, int | str | bytes]) -> bytes:
    found = b""
    for number, value in fields:
        if isinstance(value, int):
            found += varint(number << 3) + varint(value & 2**64 - 1)
        else:
            raw = value.encode() if isinstance(value, str) else value
            found += varint(number << 3 | 2) + varint(len(raw)) + raw
    return found


def perfetto(folder: Path) -> list[bytes]:
    """Exports, track events as others write them, compressed ones, and FlashInfer's lanes."""

    def packet(*fields: tuple[int, int | str | bytes]) -> bytes:
        return _message((1, _message(*fields, (10, 1))))

    def event(at: int, kind: int, track: int, *fields: tuple[int, int | str | bytes]) -> bytes:
        return packet((8, at), (11, _message((9, kind), (11, track), *fields)))

    def track(uuid: int, *fields: tuple[int, int | str | bytes]) -> bytes:
        return packet((60, _message((1, uuid), *fields)))

    clocks = _message((1, _message((1, 6), (2, 1000))), (1, _message((1, 1), (2, 5000))))
    interned = _message((2, _message((1, 1), (2, "kernel"))), (1, _message((1, 1), (2, "gpu"))))
    note = _message((10, "bytes"), (4, 64))
    foreign = (
        packet((6, clocks), (41, 1))
        + track(5, (2, "main"), (4, _message((1, 7), (2, 9))))
        + track(6, (2, "count"), (8, b""))
        + packet((12, interned), (13, 1))
        + event(1000, 1, 5, (10, 1), (3, 1), (4, note), (47, 3))
        + event(1100, 1, 5, (23, "inner"), (22, "c"))
        + event(1200, 2, 5)
        + event(1500, 2, 5)
        + event(1600, 3, 5, (23, "mark"), (48, 3))
        + event(1700, 4, 6, (30, 12))
        + packet((8, 20), (58, 64), (11, _message((9, 3), (11, 5))))
    )
    lanes = track(4, (2, "SM_007"), (3, _message((1, 1)))) + b"".join(
        track(5 + group, (2, f"blk12_g{group}"), (5, 4)) for group in range(2)
    )
    lanes += event(10, 1, 5, (23, "load")) + event(20, 2, 5) + event(15, 3, 6, (23, "bar"))
    return [
        foreign,
        lanes,
        _message((1, _message((50, zlib.compress(foreign))))) + lanes,
        *_exported("perfetto", ".pftrace", folder),
    ]


def folders(folder: Path) -> list[Mapping[str, bytes]]:
    """Native traces, by the names of their members."""
    found: list[Mapping[str, bytes]] = []
    for tables in (*((name,) for name in _MOST), _MOST):
        place = small_trace(*tables).save(folder / f"native-{len(found)}")
        members = sorted(path for path in place.rglob("*") if path.is_file())
        found.append({str(path.relative_to(place)): path.read_bytes() for path in members})
    return found
