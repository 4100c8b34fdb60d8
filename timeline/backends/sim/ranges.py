"""The ranges of a repeat: its own, those of the Program, and the host's work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from timeline.backends.sim.codes import NOTHING, WORK
from timeline.backends.sim.plan import Plan, ThreadPlan
from timeline.backends.sim.simulate import Repeat
from timeline.backends.sim.threads import HostThread
from timeline.program import HostWork, LaunchHostFunc, RangePop, RangePush

__all__ = ["range_rows"]

Row = dict[str, Any]


def range_rows(plan: Plan, repeat: Repeat) -> list[Row]:
    """Rows of the ``ranges`` table, by start; of two that start together the outer one first."""
    rows = [_row(plan.program.name, "repeat", repeat.start, repeat.end, 1)]
    for thread in repeat.threads:
        rows.extend(_thread_rows(plan, thread))
    rows.extend(_host_func_rows(plan, repeat))
    return sorted(rows, key=lambda row: (row["start"], -row["end"], row["thread"]))


def _row(name: str, category: str, start: int, end: int, thread: int, **more: Any) -> Row:
    return {
        "name": name,
        "kind": "push_pop",
        "domain": "timeline",
        "category": category or None,
        "start": start,
        "end": end,
        "process": 1,
        "thread": thread,
        **more,
    }


def _thread_rows(plan: Plan, thread: HostThread) -> list[Row]:
    """Ranges that one thread pushed, and its own work; what it never pops ends with it."""
    found: list[tuple[int, Row]] = []
    stack: list[tuple[int, RangePush, int]] = []
    number = thread.index + 1
    for op, i in _marks(plan, thread.plan):
        end = thread.ends[i]
        if isinstance(op, HostWork):
            found.append((i, _row(op.name, "host_work", end - op.ns, end, number)))
        elif isinstance(op, RangePush):
            stack.append((i, op, end))
        elif stack:
            opened, push, start = stack.pop()
            found.append((opened, _closed(push, start, end, number)))
    found += [(i, _closed(push, start, thread.time, number)) for i, push, start in stack]
    return [row for _, row in sorted(found, key=lambda item: item[0])]


def _marks(plan: Plan, thread: ThreadPlan) -> Iterator[tuple[HostWork | RangePush | RangePop, int]]:
    codes = np.array(plan.classes.code)[thread.op_class]
    for i in np.nonzero((codes == NOTHING) | (codes == WORK))[0].tolist():
        op = thread.ops[i]
        if isinstance(op, HostWork | RangePush | RangePop):
            yield op, i


def _closed(push: RangePush, start: int, end: int, thread: int) -> Row:
    color = push.color if push.color is None else push.color & 0xFFFFFFFF
    return _row(push.name, push.category, start, end, thread, color=color)


def _host_func_rows(plan: Plan, repeat: Repeat) -> Iterator[Row]:
    """The work inside host functions, on the driver's thread."""
    driver = len(plan.threads) + 1
    functions = {i: op for i, op in enumerate(plan.classes.op) if isinstance(op, LaunchHostFunc)}
    if not functions:
        return
    for node, cls in enumerate(plan.node_class):
        op, at = functions.get(cls), repeat.run.start[node]
        if op is not None:
            for part in op.body:
                if isinstance(part, HostWork):
                    yield _row(part.name, "host_work", at, at + part.ns, driver)
                    at += part.ns
