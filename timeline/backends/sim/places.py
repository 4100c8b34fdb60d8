"""Where blocks lie: on all SMs of a device alike, or apart on those that a collective is on.

A collective's block keeps its SM from most other blocks, and its warps, which ask again and again
for what the other devices send, take their turns in the schedulers. What lies on the same SM is
slowed by it and can't move: the grid's other blocks end earlier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from timeline.backends.sim.classes import KernelSpec
from timeline.backends.sim.costs import Share, Sms

if TYPE_CHECKING:
    from timeline.backends.sim.plan import Plan
    from timeline.backends.sim.run import Run

__all__ = ["Part", "Place", "Whole", "parts"]


class Place(Protocol):
    """SMs that blocks are placed on."""

    def room(self, kind: int) -> int:
        """Blocks of a footprint that can become resident."""

    def move(self, spec: KernelSpec, blocks: int) -> None:
        """Let so many more blocks be resident (fewer, when negative)."""

    def share(self, spec: KernelSpec, blocks: int, *, main: bool = False) -> Share:
        """Cost of so many blocks together; see :func:`.costs.wave_share`."""


class Whole:
    """All SMs of a device."""

    def __init__(self, run: Run, device: int) -> None:
        self._occupancy, self._device, self._packing = run.occupancy, device, run.plan.packing

    def room(self, kind: int) -> int:
        """See :class:`Place`."""
        return self._packing.room(self._occupancy[self._device], kind)

    def move(self, spec: KernelSpec, blocks: int) -> None:
        """See :class:`Place`."""
        state = self._occupancy[self._device]
        self._occupancy[self._device] = self._packing.moved(state, spec.kind, blocks)

    def share(self, spec: KernelSpec, blocks: int, *, main: bool = False) -> Share:
        """See :class:`Place`."""
        return spec.share(blocks, main=main)


class Part:
    """Some of a device's SMs, all alike."""

    def __init__(self, plan: Plan, sms: Sms) -> None:
        self._sms, self._state = sms, 0
        self._packing = plan.packing.of(sms.count)

    def room(self, kind: int) -> int:
        """See :class:`Place`."""
        return self._packing.room(self._state, kind)

    def move(self, spec: KernelSpec, blocks: int) -> None:
        """See :class:`Place`; a collective's warps are there with its blocks."""
        self._state = self._packing.moved(self._state, spec.kind, blocks)
        if spec.held:
            self._sms.taken += spec.warps * blocks // self._sms.count

    def share(self, spec: KernelSpec, blocks: int, *, main: bool = False) -> Share:
        """See :class:`Place`."""
        return spec.share(blocks, main=main, sms=self._sms)


def parts(plan: Plan, taken: int) -> tuple[Place, ...]:
    """So many SMs, with a block of a collective each, and the others; none without others."""
    others = plan.model.sm.count - taken
    return (Part(plan, Sms(taken)), Part(plan, Sms(others))) if others > 0 else ()
