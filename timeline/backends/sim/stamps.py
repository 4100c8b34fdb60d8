"""In-kernel stamps: where each block of a stamped kernel was in its work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from timeline.backends.sim.plan import Plan
from timeline.backends.sim.simulate import Repeat
from timeline.program import Work

__all__ = ["BLOCKS_A_KERNEL", "stamp_rows"]

BLOCKS_A_KERNEL = 1024
"""Blocks of one launch that get stamps; the later ones of a larger grid get none."""


def stamp_rows(plan: Plan, repeat: Repeat, base: int) -> list[dict[str, Any]]:
    """Rows of the ``stamps`` table, by launch, block and role.

    The roles ``prologue``, ``wait``, ``body`` and ``epilogue`` follow from the kernel's Work: until
    ``griddepcontrol.wait`` is called, until it returns, until the trigger, and the rest. Any other
    role spans the whole block.
    """
    sms = plan.model.sm.count
    rows = []
    for scheduler in repeat.run.schedulers:
        for node, first, blocks, begin, main, end in scheduler.segments:
            spec = plan.classes.kernel[plan.node_class[node]]
            if spec is None:
                continue
            spans = _spans(spec.work, begin, main, end)
            fixed = {
                "correlation": int(plan.node_op[node]) + base,
                "device": plan.classes.device[plan.node_class[node]],
                "tile": 0,
            }
            for block in range(first, min(first + blocks, BLOCKS_A_KERNEL)):
                for role, start, stop in _named(spec.roles, spans, (begin, end)):
                    place = {"block": block, "sm": block % sms, "role": role}
                    rows.append({**fixed, **place, "start": start, "end": stop})
    return sorted(rows, key=lambda row: (row["correlation"], row["device"], row["block"]))


def _spans(work: Work, begin: int, main: int, end: int) -> dict[str, tuple[int, int]]:
    """Roles that the Work tells, for a block that ran from ``begin`` to ``end``."""
    called = min(begin + round(work.prologue_ns), end)
    returned = min(max(main, called), end)
    spans = {"prologue": (begin, called), "wait": (called, returned)}
    trigger = end
    if work.trigger_ns is not None:
        late = main > begin and work.trigger_ns > work.prologue_ns
        waited = returned - called if late else 0
        trigger = min(begin + round(work.trigger_ns) + waited, end)
    spans["body"] = (returned, max(trigger, returned))
    spans["epilogue"] = (trigger, end)
    return spans


def _named(
    roles: tuple[str, ...], spans: dict[str, tuple[int, int]], whole: tuple[int, int]
) -> Iterator[tuple[str, int, int]]:
    """Only what the kernel stamps, and nothing that takes no time."""
    for role in roles:
        start, end = spans.get(role, whole)
        if end > start:
            yield role, start, end
