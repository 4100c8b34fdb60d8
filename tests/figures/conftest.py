from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from timeline.trace import Device, Meta, Trace, table

Row = Mapping[str, Any]
H200 = Device(0, "NVIDIA H200")


def columns(name: str, rows: Sequence[Row]) -> Any:
    keys = sorted({key for row in rows for key in row})
    return table(name, {key: [row.get(key) for row in rows] for key in keys}, len(rows))


def kernel(start: int, end: int, stream: int = 7, name: str = "kernel", **more: Any) -> Row:
    shape = {"grid": [128, 1, 1], "block": [256, 1, 1]}
    return {
        "kind": "kernel",
        "name": name,
        "start": start,
        "end": end,
        "device": 0,
        "stream": stream,
        "engine": "SM",
        **shape,
        **more,
    }


def copy(start: int, end: int, engine: str = "H2D", stream: int = 7, **more: Any) -> Row:
    kinds = {"H2D": ("HtoD", "pinned", "device"), "D2H": ("DtoH", "device", "pinned")}
    copy_kind, src, dst = kinds[engine]
    return {
        "kind": "memcpy",
        "name": f"Memcpy {copy_kind}",
        "start": start,
        "end": end,
        "device": 0,
        "stream": stream,
        "engine": engine,
        "bytes": 2 << 20,
        "copy_kind": copy_kind,
        "src_kind": src,
        "dst_kind": dst,
        **more,
    }


def trace_of(rows: Sequence[Row], meta: Meta | None = None, **tables: Sequence[Row]) -> Trace:
    numbered = [{"correlation": number, **row} for number, row in enumerate(rows)]
    made = {name: columns(name, values) for name, values in tables.items()}
    made["activities"] = columns("activities", numbered)
    return Trace.from_tables(meta or Meta("sim", devices=(H200,)), made)


@pytest.fixture
def overlapped() -> Trace:
    """Three chunks of H2D, kernel and D2H in a pipeline, with host calls and ranges."""
    rows = []
    for i in range(3):
        at, stream = 1_000_003 + 50_001 * i, 13 + i
        rows.append(copy(at, at + 50_001, "H2D", stream))
        rows.append(kernel(at + 51_500, at + 91_777, stream, "void scale<float>(float*)"))
        rows.append(copy(at + 93_001, at + 140_000, "D2H", stream))
    calls = [
        {"name": "cudaMemcpyAsync", "start": 999_000, "end": 999_900, "thread": 5, "process": 1},
        {"name": "cudaDeviceSynchronize", "start": 1_000_100, "end": 1_241_000, "thread": 5}
        | {"process": 1},
    ]
    ranges = [
        {"name": "run", "category": "repeat", "start": 990_000, "end": 1_250_000, "thread": 5}
        | {"process": 1, "domain": "timeline", "kind": "push_pop"},
        {"name": "batch", "category": "batch", "start": 995_000, "end": 1_245_000, "thread": 5}
        | {"process": 1, "domain": "timeline", "kind": "push_pop"},
    ]
    streams = [
        {"device": 0, "stream": 13 + i, "kind": "non_blocking", "name": f"s{i}"} for i in range(3)
    ]
    meta = Meta("sim", devices=(H200,), repeats=((990_000, 1_250_000),))
    return trace_of(rows, meta, calls=calls, ranges=ranges, streams=streams)


@pytest.fixture
def serial() -> Trace:
    """One chunk after the other: no overlap."""
    rows = []
    for i in range(3):
        at = 5_000 + 150_000 * i
        rows += [copy(at, at + 50_000), kernel(at + 51_000, at + 91_000, name="scale")]
        rows.append(copy(at + 92_000, at + 140_000, "D2H"))
    return trace_of(rows)


@pytest.fixture
def dependent() -> Trace:
    """Programmatic dependent launch: each kernel starts before its predecessor ends."""
    rows = []
    for i in range(3):
        at = 160_000 * i
        rows.append(kernel(at, at + 100_000, name="primary"))
        rows.append(kernel(at + 51_000, at + 159_000, name="dependent", pdl=True))
    stamps = [
        {"correlation": 1, "device": 0, "block": b, "role": role, "start": s + b, "end": e}
        for b in range(4)
        for role, s, e in (("prologue", 51_000, 90_000), ("wait", 90_000, 100_800))
    ]
    return trace_of(rows, stamps=stamps)


@pytest.fixture
def held_back() -> Trace:
    """A kernel in the legacy default stream between those of two blocking streams."""
    rows = [kernel(0, 50_000, 10), kernel(100, 50_500, 11), kernel(51_000, 71_000, 7, "stray")]
    rows += [kernel(72_000, 120_000, 10), kernel(300, 120_000, 12, "free")]
    rows = [{**row, "queued": 0, "correlation": n} for n, row in enumerate(rows)]
    rows[2] = {**rows[2], "queued": 20_000}
    kinds = {7: "legacy", 10: "blocking", 11: "per_thread", 12: "non_blocking"}
    streams = [{"device": 0, "stream": s, "kind": k} for s, k in kinds.items()]
    allocs = [
        {"kind": kind, "start": start, "end": end, "device": 0, "correlation": 9, "thread": 1}
        for kind, start, end in (("malloc", 1_000, 2_000), ("free", 90_000, 121_000))
    ]
    return trace_of(rows, streams=streams, allocs=allocs)


@pytest.fixture
def crowded() -> Trace:
    """More kernels and copies than a picture has room for."""
    rng = np.random.default_rng(7)
    n = 20_000
    start = np.sort(rng.integers(0, 40_000_000, n))
    copying = np.arange(n) % 2 == 1
    made = {
        "kind": (copying.astype(np.int32), ["kernel", "memcpy"]),
        "name": (copying.astype(np.int32), ["kernel", "copy"]),
        "engine": (copying.astype(np.int32), ["SM", "H2D"]),
        "start": start,
        "end": start + rng.integers(0, 6_000, n),
        "device": np.zeros(n, np.int32),
        "stream": np.where(copying, 8, 7),
        "correlation": np.arange(n),
    }
    return Trace.from_tables(Meta("sim"), {"activities": table("activities", made)})


@pytest.fixture
def empty() -> Trace:
    return Trace.from_tables(Meta("cupti"), {})


@pytest.fixture
def hostile() -> Trace:
    """Names that try to be markup, templates, or something unprintable."""
    names = [
        "<b>bold</b><img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">click</a>',
        "%{customdata[0]} & %{y}",
        "right\u202eleft\x00\x07\n]]>",
        "k<" * 5_000,
    ]
    rows = [kernel(1_000 * i, 1_000 * i + 900, name=name) for i, name in enumerate(names)]
    ranges = [{"name": name, "start": 0, "end": 5_000, "thread": 1} for name in names]
    streams = [{"device": 0, "stream": 7, "kind": "non_blocking", "name": names[0]}]
    meta = Meta("sim", devices=(Device(0, "<script>GPU</script>"),))
    return trace_of(rows, meta, ranges=ranges, streams=streams)


@pytest.fixture
def crowd() -> Callable[[int], Trace]:
    """Makes a trace of so many kernels, each in a stream of its own, all of them at once."""

    def make(count: int) -> Trace:
        rows = [kernel(10 * i, 1000 - 10 * i, stream=100 + i) for i in range(count)]
        return trace_of(rows)

    return make
