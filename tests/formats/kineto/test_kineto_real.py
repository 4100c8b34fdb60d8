"""Real traces of PyTorch, held against figures that were computed apart from this project."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from timeline.formats import open_trace
from timeline.intervals import Intervals, intersect, measure, union
from timeline.trace import Trace

DATA = Path(__file__).parents[2] / "data" / "kineto"
EXACT: dict[str, Any] = json.loads((DATA / "exact.json").read_text())


def figures(trace: Trace, device: int) -> dict[str, int]:
    """The figures of ``exact.json``: what is communication goes by the name here, as there."""
    start, end = trace.column("activities", "start"), trace.column("activities", "end")
    kinds = np.array(trace.names("activities", "kind"))[trace.column("activities", "kind")]
    nccl = np.array(["nccl" in name.lower() for name in trace.names("activities", "name")])
    of_nccl = nccl[trace.column("activities", "name")]
    mine = trace.column("activities", "device") == device
    kernel = mine & (kinds == "kernel")

    def busy(mask: Any) -> Intervals:
        return union(start[mask], end[mask])

    everything, compute, comm = busy(mine), busy(kernel & ~of_nccl), busy(kernel & of_nccl)
    memcpy, memset = busy(mine & (kinds == "memcpy")), busy(mine & (kinds == "memset"))
    span = int(end[mine].max() - start[mine].min())
    return {
        "busy_ns": measure(*everything),
        "comm_and_compute_ns": measure(*intersect(*comm, *compute)),
        "comm_ns": measure(*comm),
        "compute_ns": measure(*compute),
        "idle_ns": span - measure(*everything),
        "memcpy_and_compute_ns": measure(*intersect(*memcpy, *compute)),
        "memcpy_and_kernel_ns": measure(*intersect(*memcpy, *busy(kernel))),
        "memcpy_ns": measure(*memcpy),
        "memset_ns": measure(*memset),
        "span_ns": span,
        "streams": len(np.unique(trace.column("activities", "stream")[mine])),
        "sum_dur_ns": int((end - start)[mine].sum()),
    }


@pytest.mark.parametrize("name", EXACT)
def test_figures_are_the_exact_ones(name: str) -> None:
    trace = open_trace(DATA / name)
    devices = EXACT[name]["devices"]
    assert {d: figures(trace, int(d)) for d in devices} == devices
    kinds = trace.activities["kind"].to_pylist()
    events = EXACT[name]["events"]
    assert kinds.count("memcpy") == events.get("memcpy", 0)
    assert kinds.count("memset") == events.get("memset", 0)
    assert kinds.count("kernel") == events.get("compute", 0) + events.get("comm", 0)


@pytest.mark.parametrize("name", EXACT)
def test_the_fast_reader_reads_what_the_plain_one_does(
    name: str, rows_of: Callable[[Trace], Any], plainly: Callable[[], None]
) -> None:
    fast = open_trace(DATA / name)
    plainly()
    plain = open_trace(DATA / name)
    assert rows_of(fast) == rows_of(plain)
    counted = [
        sorted(note for note in trace.meta.notes if not note.startswith("Arguments"))
        for trace in (fast, plain)
    ]
    assert counted[0] == counted[1]
    assert fast.meta.epoch_ns == plain.meta.epoch_ns


def test_every_collective_keeps_its_arguments() -> None:
    trace = open_trace(DATA / "nccl_data.json.gz")
    rows = trace.tables["collectives"].to_pylist()
    kernels = [row for row in rows if row["origin"] == "activity"]
    nccl = [row for row in trace.activities.to_pylist() if "nccl" in row["name"]]
    assert len(kernels) == len(nccl) == 21
    assert {(k["start"], k["correlation"], k["stream"]) for k in kernels} == {
        (n["start"], n["correlation"], n["stream"]) for n in nccl
    }
    assert {row["group_size"] for row in kernels} <= {1, 2}
    hosts = [row for row in rows if row["origin"] == "host"]
    assert all(row["thread"] is not None and row["device"] is None for row in hosts)
    first = next(row for row in hosts if row["in_elements"] == 2049000)
    assert (first["group_ranks"], first["rank_stride"], first["in_split"]) == ("[0, 1]", 1, "[]")


def test_synchronisations_are_no_work_and_know_their_thread() -> None:
    trace = open_trace(DATA / "event_sync_multi_stream.json.gz")
    syncs = trace.tables["syncs"].to_pylist()
    assert [row["kind"] for row in syncs].count("stream_wait_event") == 1
    assert next(row["stream"] for row in syncs if row["kind"] == "stream_wait_event") == 24
    assert all(row["stream"] is None for row in syncs if row["kind"] == "device_synchronize")
    assert all(row["thread"] is not None for row in syncs if row["correlation"] is not None)


def test_meta_says_rank_devices_and_when() -> None:
    meta = open_trace(DATA / "nccl_data.json.gz").meta
    assert meta.labels == {"rank": 0, "world_size": 2, "backend": "nccl"}
    assert meta.devices[0].name == "NVIDIA A100-PG509-200"
    assert meta.devices[0].sm_count == 108
    # 1711964646000000000 + 4458676388068.751 us, the first event's
    assert meta.epoch_ns == 1711964646000000000 + 4458676388068751
    assert open_trace(DATA / "sampled_rank-1.json.gz").meta.labels["rank"] == 1


def test_copies_know_their_direction_and_memory() -> None:
    rows = open_trace(DATA / "resnet50_autograd_13streams.json.gz").activities.to_pylist()
    first = next(row for row in rows if row["kind"] == "memcpy")
    assert (first["copy_kind"], first["src_kind"], first["dst_kind"]) == (
        "HtoD",
        "pageable",
        "device",
    )
    assert (first["engine"], first["bytes"], first["correlation"]) == ("H2D", 19267584, 11)
    kernel = next(row for row in rows if row["correlation"] == 627)
    assert (kernel["grid"], kernel["block"], kernel["registers"]) == ([12544, 2, 1], [8, 8, 1], 80)
    assert kernel["process"] == 118664
