"""Files that nsys's reports and rules can run on, and that keep what they can hold."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.errors import OutputError
from timeline.formats import by_suffix, open_trace
from timeline.formats.nsys_sqlite import FORMAT
from timeline.trace import TABLES, Device, Meta, Trace, table

SAMPLES = Path(__file__).parents[3] / "samples"
K = "CUPTI_ACTIVITY_KIND_"

LOST = {
    "activities": {"pdl", "queued", "submitted"},
    "streams": {"name"},
}
"""Columns that nsys's schema has no place for; ``docs/nsys.md`` lists them."""


def rows(trace: Trace, name: str) -> Counter[str]:
    kept = [c for c in TABLES[name].names if c not in LOST.get(name, ())]
    return Counter(repr(row) for row in trace.tables[name].select(kept).to_pylist())


def returned(trace: Trace, path: Path) -> Trace:
    FORMAT.write(trace, path)
    return open_trace(path)


@pytest.mark.parametrize(
    "sample", ["three_way_overlap/depth_first", "pdl/pdl", "stream_ordered_alloc/async_max"]
)
def test_a_recording_comes_back(sample: str, tmp_path: Path) -> None:
    trace = Trace.load(SAMPLES / sample)
    found = returned(trace, tmp_path / "out.sqlite")
    for name in ("activities", "calls", "ranges", "syncs", "events", "streams", "allocs"):
        assert rows(found, name) == rows(trace, name)
    assert found.meta == trace.meta


def maybe(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, *values])


def times(draw: st.DrawFn, count: int) -> tuple[list[int], list[int]]:
    start = draw(st.lists(st.integers(-(10**6), 10**12), min_size=count, max_size=count))
    length = draw(st.lists(st.integers(0, 10**9), min_size=count, max_size=count))
    return start, [s + n for s, n in zip(start, length, strict=True)]


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=count, max_size=count))

    def issued() -> dict[str, Any]:
        return {"correlation": column(maybe(1, 2, 3, 2**40)), "process": column(maybe(4, 2**23))}

    def dims() -> list[Any]:
        return column(maybe([1, 1, 1], [7, 2, 9]))

    count = draw(st.integers(0, 12))
    start, end = times(draw, count)
    copies = {"HtoD": "H2D", "DtoH": "D2H", "DtoD": "D2D", "PtoP": "P2P"}
    shared: dict[str, Any] = {
        "start": start,
        "end": end,
        "device": column(maybe(0, 1)),
        "context": column(maybe(1, 9)),
        "stream": column(maybe(0, 7, 13)),
        **issued(),
    }
    kernels = table(
        "activities",
        {
            **shared,
            "kind": ["kernel"] * count,
            "engine": ["SM"] * count,
            "name": column(st.sampled_from(["a<int>(x*)", "'; DROP TABLE k", "ü\0€"])),
            "grid": dims(),
            "block": dims(),
            "cluster": dims(),
            "registers": column(maybe(0, 255)),
            "static_shared": column(maybe(0, 4096)),
            "dynamic_shared": column(maybe(0, 4096)),
            "graph": column(maybe(3)),
            "graph_node": column(maybe(2**50)),
            "cooperative": column(maybe(True, False)),
        },
    )
    directions = column(st.sampled_from(sorted(copies)))
    moved = table(
        "activities",
        {
            **shared,
            "kind": ["memcpy"] * count,
            "copy_kind": directions,
            "engine": [copies[d] for d in directions],
            "name": [
                {
                    "HtoD": "[CUDA memcpy Host-to-Device]",
                    "DtoH": "[CUDA memcpy Device-to-Host]",
                    "DtoD": "[CUDA memcpy Device-to-Device]",
                    "PtoP": "[CUDA memcpy Peer-to-Peer]",
                }[d]
                for d in directions
            ],
            "bytes": column(maybe(0, 2**40)),
            "src_kind": column(maybe("pageable", "pinned", "unknown")),
            "dst_kind": column(maybe("device", "managed", "array")),
            "src_device": column(maybe(0, 1)),
            "dst_device": column(maybe(0, 1)),
        },
    )
    host = {"start": start, "end": end, "thread": column(maybe(4, 99))}
    calls = {
        **host,
        **issued(),
        "name": column(st.sampled_from(["cudaMalloc", "cuLaunchKernel"])),
        "api": column(st.sampled_from(["runtime", "driver"])),
        "return_code": column(maybe(0, 700)),
    }
    kinds = column(st.sampled_from(["push_pop", "start_end", "mark"]))
    ends = [s if k == "mark" else e for s, e, k in zip(start, end, kinds, strict=True)]
    ranges = {
        **host,
        "end": ends,
        "process": column(maybe(4, 5)),
        "kind": kinds,
        "name": column(st.sampled_from(["step", ""])),
        "domain": column(maybe("NCCL", "mine")),
        "category": column(maybe("io", "net")),
        "color": column(maybe(0, 0xFFFFFFFF)),
        "payload": column(maybe("1", "-3", "0.25", "1e3", str(2**64 - 1), "{}", "007", "nan")),
    }
    return Trace.from_tables(
        Meta("cupti", 17 * 10**17, (Device(0, "A"), Device(1, "B", "9.0", 132, 3, 8))),
        {
            "activities": pa.concat_tables([kernels, moved]),
            "calls": table("calls", calls),
            "ranges": table("ranges", ranges),
        },
    )


@settings(max_examples=50, deadline=None)
@given(trace=traces())
def test_any_trace_comes_back(tmp_path_factory: pytest.TempPathFactory, trace: Trace) -> None:
    found = returned(trace, tmp_path_factory.mktemp("round") / "trip.sqlite")
    for name in ("activities", "calls", "ranges"):
        one, other = rows(trace, name), rows(found, name)
        if shares_correlations(trace):
            one, other = without_correlations(trace, name), without_correlations(found, name)
        assert one == other
    assert found.meta.devices == trace.meta.devices
    assert found.meta.epoch_ns == trace.meta.epoch_ns


def shares_correlations(trace: Trace) -> bool:
    """Whether two processes use one id, so that nsys needs others."""
    of: dict[int, set[Any]] = {}
    for name in ("activities", "calls"):
        for row in trace.tables[name].select(["correlation", "process"]).to_pylist():
            if row["correlation"] is not None:
                of.setdefault(row["correlation"], set()).add(row["process"])
    return any(len(found) > 1 for found in of.values())


def without_correlations(trace: Trace, name: str) -> Counter[str]:
    left_out = {"correlation", *LOST.get(name, ())}
    kept = [c for c in TABLES[name].names if c not in left_out]
    return Counter(repr(row) for row in trace.tables[name].select(kept).to_pylist())


GPU = "start end deviceId contextId greenContextId streamId correlationId globalPid"
READ: dict[str, str] = {
    f"{K}KERNEL": f"{GPU} demangledName shortName registersPerThread gridX gridY gridZ blockX "
    "blockY blockZ staticSharedMemory dynamicSharedMemory",
    f"{K}MEMCPY": f"{GPU} bytes copyKind srcKind dstKind srcDeviceId dstDeviceId",
    f"{K}MEMSET": f"{GPU} value bytes memKind",
    f"{K}RUNTIME": "start end globalTid correlationId nameId returnValue",
    "NVTX_EVENTS": "start end eventType text globalTid endGlobalTid textId domainId",
    "StringIds": "id value",
    "ThreadNames": "nameId priority globalTid",
    "TARGET_INFO_GPU": "id name",
    "ENUM_CUDA_MEMCPY_OPER": "id name label",
    "ENUM_CUDA_MEM_KIND": "id name label",
    "ANALYSIS_DETAILS": "duration",
    "TARGET_INFO_SESSION_START_TIME": "utcEpochNs",
}
"""What the reports and rules of nsys 2022.4 and 2023.4 read, as found by leaving out each."""


@pytest.fixture
def database(tmp_path: Path) -> Any:
    FORMAT.write(Trace.load(SAMPLES / "three_way_overlap/depth_first"), tmp_path / "o.sqlite")
    with closing(sqlite3.connect(tmp_path / "o.sqlite")) as connection:
        yield connection


@pytest.mark.parametrize("name", sorted(READ))
def test_every_table_that_a_report_reads_is_there(database: Any, name: str) -> None:
    database.execute(f"SELECT {', '.join(READ[name].split())} FROM {name}").fetchall()


def test_every_table_is_there_without_a_row_too(tmp_path: Path) -> None:
    FORMAT.write(Trace.from_tables(Meta("sim"), {}), tmp_path / "empty.sqlite")
    with closing(sqlite3.connect(tmp_path / "empty.sqlite")) as connection:
        for name, columns in READ.items():
            connection.execute(f"SELECT {', '.join(columns.split())} FROM {name}").fetchall()
    assert open_trace(tmp_path / "empty.sqlite").activities.num_rows == 0


def totals(trace: Trace, kind: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in trace.activities.select(["kind", "name", "start", "end"]).to_pylist():
        if row["kind"] == kind:
            found[row["name"]] += row["end"] - row["start"]
    return found


def test_kernel_summary(database: Any) -> None:
    """The query of ``cuda_gpu_kern_sum``."""
    found = database.execute(
        f"SELECT s.value, sum(k.end - k.start) FROM {K}KERNEL k "
        "LEFT JOIN StringIds s ON s.id = coalesce(k.demangledName, k.shortName) GROUP BY 1"
    ).fetchall()
    trace = Trace.load(SAMPLES / "three_way_overlap/depth_first")
    assert dict(found) == totals(trace, "kernel")


def test_memory_time_summary(database: Any) -> None:
    """The query of ``cuda_gpu_mem_time_sum``."""
    found = database.execute(
        "SELECT '[CUDA memcpy ' || w.label || ']', sum(m.end - m.start) "
        f"FROM {K}MEMCPY m INNER JOIN ENUM_CUDA_MEMCPY_OPER w ON w.id = m.copyKind GROUP BY 1"
    ).fetchall()
    trace = Trace.load(SAMPLES / "three_way_overlap/depth_first")
    assert dict(found) == totals(trace, "memcpy")


def test_activities_join_their_calls_and_gpus(database: Any) -> None:
    """The joins of ``cuda_kern_exec_trace`` and ``cuda_gpu_trace``."""
    joined = database.execute(
        f"SELECT count(*), min(g.name) FROM {K}KERNEL k JOIN {K}RUNTIME r "
        "ON k.correlationId = r.correlationId AND k.globalPid = (r.globalTid & 0xFFFFFFFFFF000000) "
        "JOIN TARGET_INFO_GPU g ON g.id = k.deviceId JOIN StringIds s ON s.id = r.nameId"
    ).fetchone()
    (kernels,) = database.execute(f"SELECT count(*) FROM {K}KERNEL").fetchone()
    assert joined == (kernels, "NVIDIA H200")


def test_ranges_with_their_domains(database: Any) -> None:
    """The query of ``nvtx_sum``: domain, name, kind."""
    found = database.execute(
        "SELECT d.text, coalesce(e.text, s.value), e.eventType, count(*) FROM NVTX_EVENTS e "
        "LEFT JOIN StringIds s ON s.id = e.textId LEFT JOIN NVTX_EVENTS d ON d.eventType = 75 "
        "AND d.domainId = e.domainId AND (d.globalTid >> 24) = (e.globalTid >> 24) "
        "WHERE e.eventType IN (34, 59, 60) GROUP BY 1, 2, 3"
    ).fetchall()
    expected: Counter[tuple[str, str]] = Counter()
    for row in Trace.load(SAMPLES / "three_way_overlap/depth_first").tables["ranges"].to_pylist():
        expected[row["domain"], row["name"]] += 1
    assert {(domain, name): n for domain, name, _, n in found} == expected
    assert {kind for _, _, kind, _ in found} == {59}


def test_ranges_project_onto_the_gpu(database: Any) -> None:
    """The joins of ``nvtx_gpu_proj_trace``: ranges around the calls that issued activities."""
    (projected,) = database.execute(
        f"SELECT count(DISTINCT m.rowid) FROM NVTX_EVENTS e JOIN {K}RUNTIME r "
        "ON r.globalTid = e.globalTid AND r.start >= e.start AND r.end <= e.end "
        f"JOIN {K}MEMCPY m ON m.correlationId = r.correlationId "
        "AND m.globalPid = (r.globalTid & 0xFFFFFFFFFF000000) WHERE e.eventType = 59"
    ).fetchone()
    assert projected == database.execute(f"SELECT count(*) FROM {K}MEMCPY").fetchone()[0]


def test_times_are_such_that_no_rule_drops_them(tmp_path: Path) -> None:
    times_ns = {"start": [-50, 0, 10], "end": [-20, 5, 90]}
    kernels = {**times_ns, "kind": ["kernel"] * 3, "engine": ["SM"] * 3, "name": ["k"] * 3}
    trace = Trace.from_tables(Meta("sim", 1000), {"activities": table("activities", kernels)})
    path = tmp_path / "early.sqlite"
    found = returned(trace, path)
    with closing(sqlite3.connect(path)) as connection:
        starts, ends = zip(*connection.execute(f"SELECT start, end FROM {K}KERNEL"), strict=True)
        (duration,) = connection.execute("SELECT duration FROM ANALYSIS_DETAILS").fetchone()
        (epoch,) = connection.execute(
            "SELECT utcEpochNs FROM TARGET_INFO_SESSION_START_TIME"
        ).fetchone()
    assert starts == (1, 51, 61)
    assert max(ends) <= duration
    assert epoch == 1000 - 51
    assert found.column("activities", "start").tolist() == [-50, 0, 10]
    assert found.meta.epoch_ns == 1000


def test_no_two_processes_share_a_correlation(tmp_path: Path) -> None:
    """nsys's copy rules join by it alone: two processes gave 4 rows for 2 copies."""
    one = {"start": [1, 2], "end": [3, 4], "correlation": [5, 5], "process": [7, 8]}
    kernels = {**one, "kind": ["kernel"] * 2, "engine": ["SM"] * 2}
    tables = {
        "activities": table("activities", kernels),
        "calls": table("calls", {**one, "name": ["cudaLaunchKernel"] * 2}),
    }
    FORMAT.write(Trace.from_tables(Meta("cupti"), tables), tmp_path / "two.sqlite")
    with closing(sqlite3.connect(tmp_path / "two.sqlite")) as connection:
        joined = connection.execute(
            f"SELECT k.start, r.start FROM {K}KERNEL k JOIN {K}RUNTIME r USING (correlationId)"
        ).fetchall()
    assert joined == [(1, 1), (2, 2)]


def test_threads_of_more_than_24_bits_are_numbered(tmp_path: Path) -> None:
    calls = {"start": [1, 2], "end": [3, 4], "process": [7, 7], "thread": [2**30, 5]}
    trace = Trace.from_tables(Meta("cupti"), {"calls": table("calls", calls)})
    found = returned(trace, tmp_path / "wide.sqlite")
    assert found.column("calls", "process").tolist() == [7, 7]
    assert len(np.unique(found.column("calls", "thread"))) == 2


def test_a_place_that_can_not_be_written(tmp_path: Path, nsys: SimpleNamespace) -> None:
    trace = Trace.from_tables(Meta("sim"), {})
    with pytest.raises(OutputError, match="missing"):
        FORMAT.write(trace, tmp_path / "missing" / "x.sqlite")
    assert list(tmp_path.iterdir()) == []
    assert by_suffix(tmp_path / "x.sqlite").name == FORMAT.name


def test_a_failed_export_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.sqlite"
    path.write_bytes(b"before")

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("timeline.formats.nsys_sqlite.writing.about", fail)
    with pytest.raises(KeyboardInterrupt):
        FORMAT.write(Trace.from_tables(Meta("sim"), {}), path)
    assert path.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["x.sqlite"]
