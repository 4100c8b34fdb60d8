"""Rates of kernels whose cost is known: those that a technique of ours launched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from timeline.backends.sim.device_model import DeviceModel
from timeline.backends.sim.kernels import KernelClasses
from timeline.backends.sim.occupancy import Packing
from timeline.calibration.frame import Frame, running
from timeline.calibration.observations import Observations
from timeline.intervals import Int64
from timeline.program import AllReduce, GraphLaunch, Launch, Program
from timeline.techniques import NAMES, technique
from timeline.trace import Trace

__all__ = ["observe_kernels", "program_of"]

BOUND = 0.9
"""Part of a duration that must shrink with a rate for the kernel to tell of it."""

KERNEL = "sm.kernel_ns"
"""Told by kernels that do nothing but wait for a time: what they take beside it."""

COLLECTIVE = "ncclDevKernel_AllReduce"


def program_of(trace: Trace) -> Program | None:
    """The Program that a recorded technique ran; None for any other trace."""
    labels = trace.meta.labels
    name = labels.get("technique")
    if name not in NAMES:
        return None
    found = technique(name)
    known = {parameter.name for parameter in found.parameters}
    settings = {key: value for key, value in labels.items() if key in known}
    return found.program(labels.get("variant"), **settings)


def observe_kernels(trace: Trace, frame: Frame, model: DeviceModel, found: Observations) -> None:
    """Rates that kernels reached while they had their device for themselves.

    The kernels of a repeat are those of the Program in the order of issue. Where their number or
    names differ, or several host threads issue, nothing is told.
    """
    program = program_of(trace)
    if program is None or len(program.threads) > 1:
        return
    ops = list(program.ops())
    if any(isinstance(op, GraphLaunch) for op in ops):
        return
    launches = [op for op in ops if isinstance(op, Launch)]
    reduces = [op for op in ops if isinstance(op, AllReduce)]
    names = _names(trace)
    rates = _Rates(model)
    a = frame.activities
    length = a.end - a.start
    for rows in _issued(frame):
        ours = ~np.char.startswith(names[a.row[rows]], COLLECTIVE)
        _observe_reduces(reduces, frame, rows[~ours], found)
        mine = rows[ours]
        if [op.kernel.name for op in launches] != names[a.row[mine]].tolist():
            continue
        alone = _alone(frame, mine)
        for launch, row, single in zip(launches, mine, alone, strict=True):
            if single and not launch.pdl:
                rates.observe(launch, float(length[row]), found)


def _names(trace: Trace) -> Any:
    codes = trace.column("activities", "name")
    return np.array([*trace.names("activities", "name"), ""], dtype=np.str_)[codes]


def _issued(frame: Frame) -> Iterator[Int64]:
    """Kernels of each repeat, in the order of issue."""
    a = frame.activities
    for repeat in np.unique(a.repeat[a.repeat >= 0]):
        rows = np.flatnonzero((a.repeat == repeat) & a.kernel & (a.call >= 0))
        yield rows[np.argsort(a.call[rows], kind="stable")]


def _alone(frame: Frame, rows: Int64) -> Any:
    """Whether no other kernel, fill or copy ran on the device of each."""
    a = frame.activities
    alone = np.zeros(len(rows), np.bool_)
    for device in np.unique(a.device[rows]):
        on = (a.device == device) & (a.kind != "")
        mine = a.device[rows] == device
        beside = running(a.start[on], a.end[on], a.start[rows[mine]], a.end[rows[mine]])
        alone[mine] = beside == 1
    return alone


def _observe_reduces(
    reduces: list[AllReduce], frame: Frame, rows: Int64, found: Observations
) -> None:
    """Of each all-reduce the shortest part: the others also wait for it."""
    a = frame.activities
    if not reduces or len(rows) != sum(len(op.streams) for op in reduces):
        return
    for op, parts in zip(reduces, np.split(rows, len(reduces)), strict=True):
        if len(op.streams) == 2:
            shortest = (a.end - a.start)[parts].min()
            found.add("peer.reduce_step_ns", [shortest / 2], [op.spans[0].bytes / 2])


class _Rates:
    """Tells which rate bounds a kernel: x is what it takes at the base's rate, y what it took.

    Both without what depends on neither the rate nor :data:`KERNEL`.
    """

    def __init__(self, model: DeviceModel) -> None:
        self._base = {
            "sm.flops_per_ns": model.sm.flops_per_ns,
            "sm.tensor_flops_per_ns": model.sm.tensor_flops_per_ns,
        }
        self._kernel_ns = model.sm.kernel_ns
        self._costs = KernelClasses(model, Packing(model.sm))
        self._faster = {}
        for key, rate in self._base.items():
            faster = model.replace(sm={key.removeprefix("sm."): 2 * rate})
            self._faster[key] = KernelClasses(faster, Packing(faster.sm))
        self._known: dict[Any, tuple[str, float, float] | None] = {}

    def observe(self, launch: Launch, ns: float, found: Observations) -> None:
        """Add a launch that took ``ns``."""
        key = (launch.kernel, launch.grid, launch.block, launch.work, launch.dynamic_shared_bytes)
        if key not in self._known:
            self._known[key] = self._bound(launch)
        bound = self._known[key]
        if bound is not None and ns > bound[1]:
            quantity, fixed, scaled = bound
            found.add(quantity, [ns - fixed], [scaled])

    def _bound(self, launch: Launch) -> tuple[str, float, float] | None:
        """What bounds it; of its time what does not depend on that rate, and what does."""
        whole = _alone_ns(self._costs, launch)
        for rate, costs in self._faster.items():
            scaled = 2 * (whole - _alone_ns(costs, launch))
            if scaled >= BOUND * whole:
                return rate, whole - scaled - self._kernel_ns, scaled
        if whole - self._kernel_ns == launch.work.block_ns and launch.work.pipeline is None:
            return KERNEL, launch.work.block_ns, 0.0
        return None


def _alone_ns(costs: KernelClasses, launch: Launch) -> float:
    """What the simulator takes for a launch on an empty device, all its waves."""
    spec = costs.columns(launch)["kernel"]
    full, tail = divmod(spec.blocks, spec.limit)
    ns = spec.model.sm.kernel_ns + full * spec.share(spec.limit).alone_ns
    return float(ns + (spec.share(tail).alone_ns if tail else 0))
