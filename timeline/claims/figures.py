"""Figures of one repeat that no technique's own checks take."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from timeline.analysis.shows.check import Traces, trace_of
from timeline.analysis.technique_figures import Measure, Repeat, ratio
from timeline.intervals import depth_histogram
from timeline.techniques import technique
from timeline.trace import Trace

__all__ = [
    "collective_blocks",
    "counted",
    "gap_between",
    "kernel_ns",
    "most_kernels_at_once",
    "pool_returns",
]


def pool_returns(repeat: Repeat) -> float:
    """How often a memory pool gave memory back to the system: falls of what it holds."""
    mine = repeat.rows("allocs")
    held = repeat.trace.column("allocs", "pool_reserved")[mine]
    order = np.argsort(repeat.trace.column("allocs", "start")[mine], kind="stable")
    held = held[order][held[order] >= 0]
    return float((np.diff(held) < 0).sum()) if len(held) else float("nan")


def gap_between(name: str) -> Measure:
    """Median gap between successive kernels of one name, ns."""

    def figure(repeat: Repeat) -> float:
        start, end = repeat.spans("activities", name=name)
        return float(np.median(start[1:] - end[:-1])) if len(start) > 1 else float("nan")

    return figure


def kernel_ns(repeat: Repeat) -> float:
    """Median duration of all kernels, ns."""
    start, end = repeat.spans("activities", kind="kernel")
    return float(np.median(end - start)) if len(start) else float("nan")


def most_kernels_at_once(repeat: Repeat) -> float:
    """Most kernels that ran at the same time."""
    start, end = repeat.spans("activities", kind="kernel")
    return float(len(depth_histogram(start, end)) - 1) if len(start) else float("nan")


def collective_blocks(repeat: Repeat) -> float:
    """Blocks of a collective's kernel (median), as a part of the SMs of the device."""
    mine = repeat.rows("activities", kind="kernel", name="nccl.*")
    devices = repeat.trace.meta.devices
    if not mine.any() or not devices:
        return float("nan")
    blocks = repeat.trace.column("activities", "grid")[mine].prod(axis=1)
    return ratio(float(np.median(blocks)), devices[0].sm_count or 0)


def counted(variant: str, other: str, buffer: str) -> Callable[[Traces], float]:
    """What kernels counted in a variant, as a part of what they did in another; NaN if unchecked.

    Parameters
    ----------
    buffer : str
        Host buffer of the count, which is a known answer of the Program: the recording holds only
        that it was right in every repeat.
    """

    def value(traces: Traces) -> float:
        part, whole = (_count(trace_of(traces, name), buffer) for name in (variant, other))
        return ratio(part, whole)

    return value


def _count(trace: Trace, buffer: str) -> float:
    """The sum of a known answer, where every known answer of every repeat was checked."""
    labels = trace.meta.labels
    found = technique(labels["technique"])
    names = {parameter.name for parameter in found.parameters}
    settings = {name: value for name, value in labels.items() if name in names}
    expects = found.program(labels["variant"], **settings).expects
    if trace.meta.verified < len(expects) * max(len(trace.meta.repeats), 1):
        return float("nan")
    totals = [float(e.values().sum()) for e in expects if e.span.buffer.name == buffer]
    return sum(totals) if totals else float("nan")
