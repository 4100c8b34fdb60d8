"""Operation classes: operations of a Program that the simulator treats alike.

A Program of 200,000 operations has a few dozen classes; everything that can be known without the
clock is worked out once a class. The lists are columns, indexed by class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from timeline.backends.sim.costs import Share, Sms, wave_share
from timeline.backends.sim.device_model import DeviceModel
from timeline.program import Kernel, Launch, Op, Work

__all__ = ["Classes", "KernelSpec"]

# How the gap before an operation depends on what its stream did before.
NO_GAP, AFTER_KERNEL, AFTER_H2D, AFTER_D2H, AFTER_OTHER_COPY, AFTER_HOST, IN_GRAPH = range(7)


@dataclass(eq=False)
class KernelSpec:
    """What the block scheduler must know of a kernel launch.

    Attributes
    ----------
    kind : int
        Number of its footprint in the packing.
    limit : int
        Blocks that can be resident on an empty device.
    priority : int
        Of its stream; lower comes first.
    held : bool
        Its blocks stay until their peers are there too (a collective).
    stamped : Kernel or None
        The kernel, if it writes stamps.
    contends : bool
        Whether others can slow its blocks down.
    """

    model: DeviceModel
    name: str
    work: Work
    blocks: int
    warps: int
    kind: int
    limit: int
    cluster: int
    priority: int
    cooperative: bool = False
    held: bool = False
    stamped: Kernel | None = None
    contends: bool = field(init=False)
    _shares: dict[tuple[int, bool, Sms | None], Share] = field(default_factory=dict)

    def __post_init__(self) -> None:
        work = self.work
        self.contends = bool(work.flops or work.tensor_flops or work.dram_bytes or work.l2_bytes)

    @cached_property
    def waves_ns(self) -> int:
        """Of all its waves on an otherwise empty device, ns; -1 when they are no such lump."""
        full, tail = divmod(self.blocks, self.limit)
        if self.needs_scheduler or self.blocks <= self.limit:
            return -1
        ns = self.model.sm.kernel_ns + full * self.share(self.limit).alone_ns
        return ns + (self.share(tail).alone_ns if tail else 0)

    def share(self, blocks: int, *, main: bool = False, sms: Sms | None = None) -> Share:
        """Cost of ``blocks`` of its blocks together; see :func:`.costs.wave_share`."""
        found = self._shares.get((blocks, main, sms))
        if found is None:
            found = wave_share(self.model, self.work, blocks, self.warps, main=main, sms=sms)
            self._shares[blocks, main, sms] = found
        return found

    @property
    def needs_scheduler(self) -> bool:
        """Whether its blocks can't be treated as one lump."""
        special = self.cooperative or self.held or self.stamped is not None
        return special or self.work.trigger_ns is not None


@dataclass(eq=False)
class Classes:
    """Columns by class; see the module's docstring."""

    code: list[int] = field(default_factory=list)
    stream: list[int] = field(default_factory=list)
    cost: list[int] = field(default_factory=list)
    """ns of the host thread"""
    lead: list[int] = field(default_factory=list)
    """ns of the host thread before the call"""
    lag: list[int] = field(default_factory=list)
    """ns from the call's end to the earliest start"""
    aux: list[int] = field(default_factory=list)
    """event, graph, pool or detail number"""
    nodes: list[int] = field(default_factory=list)
    """nodes that one operation makes"""
    call: list[str] = field(default_factory=list)
    op: list[Op | None] = field(default_factory=list)
    """one operation of the class"""

    kind: list[int] = field(default_factory=list)
    gap: list[int] = field(default_factory=list)
    device: list[int] = field(default_factory=list)
    group: list[int] = field(default_factory=list)
    """engine queue"""
    duration: list[int] = field(default_factory=list)
    duplex: list[int] = field(default_factory=list)
    share: list[Share | None] = field(default_factory=list)
    """None when nothing contends for what it uses"""
    foot: list[int] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    kernel: list[KernelSpec | None] = field(default_factory=list)
    waves: list[int] = field(default_factory=list)
    """ns of a grid of more than one wave that has the device for itself, or -1"""
    special: list[bool] = field(default_factory=list)
    """always in the hands of the block scheduler"""
    row: list[Mapping[str, Any]] = field(default_factory=list)
    """the columns of its activity that don't change"""

    def add(self, **values: Any) -> int:
        """Add a class; columns not named get a neutral value."""
        for name, neutral in _NEUTRAL.items():
            getattr(self, name).append(values.pop(name, neutral))
        if values:
            raise TypeError(f"no column {sorted(values)[0]!r}")
        return len(self.code) - 1


_NEUTRAL: dict[str, Any] = {
    "code": -1,
    "stream": 0,
    "cost": 0,
    "lead": 0,
    "lag": 0,
    "aux": 0,
    "nodes": 0,
    "call": "",
    "op": None,
    "kind": 0,
    "gap": NO_GAP,
    "device": 0,
    "group": 0,
    "duration": 0,
    "duplex": 0,
    "share": None,
    "foot": 0,
    "blocks": 0,
    "kernel": None,
    "waves": -1,
    "special": False,
    "row": {},
}


def gaps(model: DeviceModel) -> list[list[int]]:
    """Gap by (what came before, what comes), ns."""
    g = model.gaps
    copies = (AFTER_H2D, AFTER_D2H, AFTER_OTHER_COPY)
    table = [[0] * 7 for _ in range(7)]
    for after in range(1, 7):
        for to in range(1, 7):
            if to == IN_GRAPH:
                ns = g.graph
            elif to == AFTER_HOST:
                ns = 0  # the thread that runs it wakes up: the engine's business
            elif after == AFTER_HOST:
                ns = g.from_host_func
            elif to in copies:
                ns = g.copy_copy if after == to else g.to_copy
            else:
                ns = g.from_copy if after in copies else g.kernel
            table[after][to] = ns
    return table


def launch_row(launch: Launch, registers: int) -> dict[str, Any]:
    """Columns of a kernel's activity."""
    return {
        "kind": "kernel",
        "name": launch.kernel.name,
        "grid": launch.grid,
        "block": launch.block,
        "cluster": launch.cluster,
        "registers": registers,
        "static_shared": launch.kernel.static_shared_bytes,
        "dynamic_shared": launch.dynamic_shared_bytes,
        "pdl": launch.pdl,
        "cooperative": launch.cooperative,
    }
