"""In-kernel stamps: where each block of a stamped kernel was in its work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from timeline.backends.sim.plan import Plan
from timeline.backends.sim.simulate import Repeat
from timeline.program import Kernel, Pipeline, Work

__all__ = ["BLOCKS_A_KERNEL", "stamp_rows"]

BLOCKS_A_KERNEL = 1024
"""Blocks of one launch that get stamps; the later ones of a larger grid get none."""

Span = tuple[int, int]


def stamp_rows(plan: Plan, repeat: Repeat, base: int) -> list[dict[str, Any]]:
    """Rows of the ``stamps`` table, by launch, block and role.

    The roles ``prologue``, ``wait``, ``body`` and ``epilogue`` follow from the kernel's Work: until
    ``griddepcontrol.wait`` is called, until it returns, until the trigger, and the rest. Those of
    its Pipeline have a span a tile, of those the kernel keeps, within the body. ``load`` and
    ``mma`` are at work in the body together. Any other role spans the whole block.
    """
    sms = plan.model.sm.count
    rows = []
    for scheduler in repeat.run.schedulers:
        for node, first, blocks, begin, main, end in scheduler.segments:
            spec = plan.classes.kernel[plan.node_class[node]]
            if spec is None or spec.stamped is None:
                continue
            fixed = {
                "correlation": int(plan.node_op[node]) + base,
                "device": plan.classes.device[plan.node_class[node]],
            }
            named = list(_named(spec.stamped, spec.work, _spans(spec.work, begin, main, end)))
            last = min(first + blocks, spec.stamped.stamped_blocks(BLOCKS_A_KERNEL))
            for block in range(first, last):
                for role, tile, start, stop in named:
                    place = {"block": block, "sm": block % sms, "role": role, "tile": tile}
                    rows.append({**fixed, **place, "start": start, "end": stop})
    return sorted(rows, key=lambda row: (row["correlation"], row["device"], row["block"]))


def _spans(work: Work, begin: int, main: int, end: int) -> dict[str, Span]:
    """Roles that the Work tells, for a block that ran from ``begin`` to ``end``."""
    called = min(begin + round(work.prologue_ns), end)
    returned = min(max(main, called), end)
    spans = {"": (begin, end), "prologue": (begin, called), "wait": (called, returned)}
    trigger = end
    if work.trigger_ns is not None:
        late = main > begin and work.trigger_ns > work.prologue_ns
        waited = returned - called if late else 0
        trigger = min(begin + round(work.trigger_ns) + waited, end)
    spans["body"] = spans["load"] = spans["mma"] = (returned, max(trigger, returned))
    spans["epilogue"] = (trigger, end)
    return spans


def _named(
    kernel: Kernel, work: Work, spans: dict[str, Span]
) -> Iterator[tuple[str, int, int, int]]:
    """Role, tile, start and end of what the kernel stamps; nothing that takes no time."""
    tiled = _tiles(work.pipeline, kernel.stamp_tiles, spans["body"]) if work.pipeline else {}
    for role in kernel.stamp_roles:
        for tile, (start, end) in enumerate(tiled.get(role, [spans.get(role, spans[""])])):
            if end > start:
                yield role, tile, start, end


def _tiles(pipeline: Pipeline, kept: int, body: Span) -> dict[str, list[Span]]:
    """Spans of a pipeline's first tiles, stretched so that all its tiles fill the body."""
    begin, end = body
    scale = (end - begin) / (pipeline.ns or 1.0)
    spans = begin + np.rint(pipeline.spans()[:, :kept] * scale).astype(np.int64)
    found = zip(pipeline.roles, spans.tolist(), strict=True)
    return {role: [(start, stop) for start, stop in tiles] for role, tiles in found}
