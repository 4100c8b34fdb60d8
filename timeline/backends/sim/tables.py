"""From simulated repeats to the tables of a Trace, as CUPTI would have filled them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.backends.sim.codes import KERNEL, RECORD
from timeline.backends.sim.plan import Plan
from timeline.backends.sim.ranges import range_rows
from timeline.backends.sim.simulate import Repeat
from timeline.backends.sim.stamps import stamp_rows
from timeline.program import (
    DeviceSynchronize,
    EventSynchronize,
    StreamSynchronize,
    StreamWaitEvent,
)
from timeline.trace import TABLES, table

__all__ = ["make_tables"]

Ints = npt.NDArray[np.int64]
PROCESS = 1
_NONE: Ints = np.empty(0, np.int64)
_APIS = {"cuLaunchKernelEx": "driver", "ncclAllReduce": "nccl"}


def make_tables(plan: Plan, repeats: Sequence[Repeat], *, stamps: bool) -> dict[str, pa.Table]:
    """All tables of the trace.

    Correlation ids count the operations of all threads, then of all repeats, from 1.
    """
    parts: dict[str, list[pa.Table]] = {name: [] for name in TABLES}
    once = _Once(plan)
    for i, repeat in enumerate(repeats):
        base = 1 + i * once.ops
        times = once.call_times(repeat)
        parts["activities"].append(_activities(once, repeat, base, times))
        parts["calls"].append(_calls(once, base, times))
        parts["syncs"].append(_syncs(once, base, times))
        parts["events"].append(_events(once, repeat, base))
        parts["allocs"].append(_allocs(once, repeat, base))
        parts["ranges"].append(_rows("ranges", range_rows(plan, repeat)))
        if stamps:
            parts["stamps"].append(_rows("stamps", stamp_rows(plan, repeat, base)))
    parts["streams"].append(_streams(plan))
    return {name: _joined(found) for name, found in parts.items() if found}


def _joined(parts: list[pa.Table]) -> pa.Table:
    return parts[0] if len(parts) == 1 else pa.concat_tables(parts)


def _rows(name: str, rows: Iterable[dict[str, Any]]) -> pa.Table:
    """A small table from rows."""
    found = list(rows)
    columns = {key: [row.get(key) for row in found] for key in TABLES[name].names}
    used = {k: v for k, v in columns.items() if any(value is not None for value in v)}
    return table(name, used, len(found))


class _Once:
    """What all repeats have in common."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.ops = len(plan.program)
        self.op_class: Ints = np.concatenate([_NONE, *(t.op_class for t in plan.threads)])
        counts = [len(t.classes) for t in plan.threads]
        self.thread: Ints = np.repeat(np.arange(1, len(counts) + 1), counts)
        self.cost: Ints = np.array(plan.classes.cost, np.int64)[self.op_class]
        self.node_class, self.node_op = plan.class_of_node, plan.node_op
        kind = np.array(plan.classes.kind)[self.node_class]
        self.active: Ints = np.nonzero((kind >= KERNEL) & (self.node_op >= 0))[0]
        self.records: Ints = np.nonzero((kind == RECORD) & (self.node_op >= 0))[0]
        self.rows = self._class_rows()
        self.calls = self._call_rows()

    def _class_rows(self) -> dict[str, pa.Array]:
        """Columns with one activity a class, where any has a value: what no run changes."""
        rows = self.plan.classes.row
        fixed = {
            "context": [1 if row else None for row in rows],
            "process": [PROCESS if row else None for row in rows],
        }
        columns: dict[str, Any] = {
            key: [row.get(key) for row in rows] for key in TABLES["activities"].names
        }
        made = table("activities", columns | fixed, len(rows))
        return {
            name: column.combine_chunks()
            for name, column in zip(made.column_names, made.columns, strict=True)
            if column.null_count < len(rows)
        }

    def _call_rows(self) -> tuple[Ints, Ints, list[str], Ints]:
        """Operations that are calls, their names as codes, the names, and the APIs as codes."""
        calls = self.plan.classes.call
        names = sorted({c for c in calls if c})
        code: Ints = np.array([names.index(c) if c else -1 for c in calls], np.int64)[self.op_class]
        found = np.nonzero(code >= 0)[0]
        apis = np.array([_API_NAMES.index(_APIS.get(n, "runtime")) for n in names], np.int64)
        codes = code[found]
        return found, codes, names, apis[codes] if len(names) else codes

    def call_times(self, repeat: Repeat) -> tuple[Ints, Ints]:
        """Start and end of every operation on its host thread."""
        end: Ints = np.concatenate([_NONE, *(np.asarray(t.ends) for t in repeat.threads)])
        start = end - self.cost
        for thread in repeat.threads:
            if thread.begins:
                places = np.fromiter(thread.begins, np.int64) + thread.plan.first_op
                start[places] = np.fromiter(thread.begins.values(), np.int64)
        return start, end


_API_NAMES = ["runtime", "driver", "nccl"]


def _activities(once: _Once, repeat: Repeat, base: int, times: tuple[Ints, Ints]) -> pa.Table:
    start: Ints = np.asarray(repeat.run.start)[once.active]
    order = np.argsort(start, kind="stable")
    nodes = once.active[order]
    classes = once.node_class[nodes]
    ops = once.node_op[nodes]
    queued = times[1][ops]
    no_kernel = np.array([kernel is None for kernel in once.plan.classes.kernel])[classes]
    submitted = np.maximum(queued, repeat.issuer.gate_opened)
    columns: dict[str, Any] = {
        "start": start[order],
        "end": np.array(repeat.run.finish, np.int64)[nodes],
        "correlation": ops + base,
        "queued": pa.array(queued, pa.int64(), mask=no_kernel),
        "submitted": pa.array(submitted, pa.int64(), mask=no_kernel),
    }
    places = pa.array(classes)
    fixed = {name: column.take(places) for name, column in once.rows.items()}
    return table("activities", fixed | columns, len(nodes))


def _calls(once: _Once, base: int, times: tuple[Ints, Ints]) -> pa.Table:
    found, codes, names, apis = once.calls
    return table(
        "calls",
        {
            "name": (codes.astype(np.int32), names),
            "api": (apis.astype(np.int32), _API_NAMES),
            "start": times[0][found],
            "end": times[1][found],
            "process": np.full(len(found), PROCESS),
            "thread": once.thread[found],
            "correlation": found + base,
            "return_code": np.zeros(len(found), np.int32),
        },
    )


def _syncs(once: _Once, base: int, times: tuple[Ints, Ints]) -> pa.Table:
    """Host synchronisations and the stream waits that were issued, by start.

    Of those that start together the stream waits come first, then what ended first.
    """
    plan, c = once.plan, once.plan.classes
    kind = np.array([_SYNC_KINDS.get(type(op), -1) for op in c.op])
    ops: Ints = np.nonzero(kind[once.op_class] >= 0)[0]
    kinds = kind[once.op_class[ops]]
    start, end = times[0][ops], times[1][ops]
    order = np.lexsort((once.thread[ops], np.where(kinds, end, 0), kinds > 0, start))
    ops, start, end = ops[order], start[order], end[order]
    classes = once.op_class[ops]
    ids = [s.id for s in plan.streams]
    streams = [
        ids[s - 1] if isinstance(op, StreamWaitEvent | StreamSynchronize) else -1
        for s, op in zip(c.stream, c.op, strict=True)
    ]
    events = [
        op.event.id if isinstance(op, StreamWaitEvent | EventSynchronize) else -1 for op in c.op
    ]
    stream, event = np.array(streams)[classes], np.array(events)[classes]
    # the names that occur, which is what a dictionary column holds
    seen = [0, *sorted(set(kinds.tolist()) - {0})]
    return table(
        "syncs",
        {
            "kind": (
                np.searchsorted(seen, kinds[order]).astype(np.int32),
                [_SYNC_NAMES[i] for i in seen],
            ),
            "start": start,
            "end": end,
            "device": np.array(c.device)[classes].astype(np.int32),
            "context": np.ones(len(ops), np.int32),
            "stream": pa.array(stream, pa.int64(), mask=stream < 0),
            "event": pa.array(event, pa.int64(), mask=event < 0),
            "process": np.full(len(ops), PROCESS),
            "thread": once.thread[ops],
            "correlation": ops + base,
        },
    )


_SYNC_KINDS: dict[type[Any], int] = {
    StreamWaitEvent: 0, DeviceSynchronize: 1, EventSynchronize: 2, StreamSynchronize: 3,
}  # fmt: skip
_SYNC_NAMES = [
    "stream_wait_event", "device_synchronize", "event_synchronize", "stream_synchronize",
]  # fmt: skip


def _events(once: _Once, repeat: Repeat, base: int) -> pa.Table:
    plan, c = once.plan, once.plan.classes
    nodes = once.records
    classes = once.node_class[nodes]
    ids = np.array([s.id for s in plan.streams] or [0])
    recorded = [
        plan.events[aux].id if kind == RECORD else 0
        for kind, aux in zip(c.kind, c.aux, strict=True)
    ]
    return table(
        "events",
        {
            "event": np.array(recorded, np.int64)[classes],
            "device": np.array(c.device)[classes].astype(np.int32),
            "context": np.ones(len(nodes), np.int32),
            "stream": ids[np.array(c.stream)[classes] - 1],
            "correlation": once.node_op[nodes] + base,
            "timestamp": np.array(repeat.run.finish, np.int64)[nodes],
            "process": np.full(len(nodes), PROCESS),
        },
        len(nodes),
    )


def _allocs(once: _Once, repeat: Repeat, base: int) -> pa.Table:
    first = [t.first_op for t in once.plan.threads]
    rows = []
    for r in repeat.issuer.allocs:
        pooled = r.stream >= 0
        rows.append(
            {
                "kind": r.kind,
                "start": r.start,
                "end": r.end,
                "device": r.device,
                "stream": r.stream if pooled else None,
                "bytes": r.bytes,
                "address": r.address,
                "memory_kind": "device",
                "pool": r.device + 1 if pooled else None,
                "pool_used": r.pool_used if pooled else None,
                "pool_reserved": r.pool_reserved if pooled else None,
                "process": PROCESS,
                "thread": r.thread + 1,
                "correlation": first[r.thread] + r.op + base,
            }
        )
    return _rows("allocs", sorted(rows, key=lambda row: (row["start"], row["correlation"])))


def _streams(plan: Plan) -> pa.Table:
    return _rows(
        "streams",
        (
            {
                "device": s.stream.device,
                "context": 1,
                "stream": s.id,
                "kind": s.stream.kind.value,
                "priority": s.stream.priority,
                "name": s.name,
                "process": PROCESS,
            }
            for s in plan.streams
        ),
    )
