"""Which blocks fit beside which: exact limits of one SM, even packing over all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from timeline.backends.sim.device_model import Sm
from timeline.errors import ProgramError

if TYPE_CHECKING:
    from timeline.program import Launch

__all__ = ["Footprint", "Packing", "footprint"]


@dataclass(frozen=True, slots=True)
class Footprint:
    """What one block keeps of its SM while it is resident.

    Attributes
    ----------
    cluster : int
        Blocks that have to start together, within one GPC.
    """

    threads: int
    registers: int
    shared_bytes: int
    cluster: int = 1

    def per_sm(self, sm: Sm) -> int:
        """Blocks that fit on an empty SM."""
        return _fit((sm.threads, sm.registers, sm.shared_bytes, sm.blocks), self)

    def on_device(self, sm: Sm) -> int:
        """Blocks that fit on an empty device."""
        each = self.per_sm(sm)
        if self.cluster == 1:
            return each * sm.count
        return self.cluster * sum(gpc * each // self.cluster for gpc in sm.gpcs)


def _round_up(value: int, unit: int) -> int:
    return -(-value // unit) * unit


def footprint(sm: Sm, launch: Launch) -> Footprint:
    """Resources of one block of ``launch``.

    Raises
    ------
    ProgramError
        When a block fits on no SM, a cluster in no GPC, or a cooperative grid not on the device.
    """
    kernel = launch.kernel
    x, y, z = launch.block
    warps = -(-x * y * z // 32)
    shared = kernel.static_shared_bytes + launch.dynamic_shared_bytes
    cx, cy, cz = launch.cluster
    _check_block(sm, launch, x * y * z, shared, cx * cy * cz)
    found = Footprint(
        warps * 32,
        warps * _round_up(kernel.registers * 32, sm.register_unit),
        _round_up(shared + sm.reserved_shared_bytes, sm.shared_unit_bytes),
        cx * cy * cz,
    )
    _check_grid(sm, launch, found)
    return found


def _check_block(sm: Sm, launch: Launch, threads: int, shared: int, cluster: int) -> None:
    name = launch.kernel.name
    if threads > sm.block_threads:
        raise ProgramError(f"{name}: {threads} threads a block, the limit is {sm.block_threads}")
    if shared > sm.block_shared_bytes:
        raise ProgramError(
            f"{name}: a block needs {shared} bytes of shared memory, "
            f"the device has {sm.block_shared_bytes} a block"
        )
    if cluster > sm.max_cluster:
        raise ProgramError(
            f"{name}: a cluster of {cluster} blocks, the device allows {sm.max_cluster}"
        )
    if cluster > 1 and launch.blocks % cluster:
        raise ProgramError(f"{name}: {launch.blocks} blocks are no multiple of cluster {cluster}")


def _check_grid(sm: Sm, launch: Launch, block: Footprint) -> None:
    name, room = launch.kernel.name, block.on_device(sm)
    if room == 0:
        raise ProgramError(
            f"{name}: a block needs {block.registers} registers and {block.threads} threads in "
            f"clusters of {block.cluster}; an SM has {sm.registers} and {sm.threads}"
        )
    if launch.cooperative and launch.blocks > room:
        raise ProgramError(
            f"{name}: a cooperative grid of {launch.blocks} blocks, "
            f"only {room} can be resident at once"
        )


Free = tuple[int, int, int, int]


def _fit(free: Free, block: Footprint) -> int:
    wants = (block.threads, block.registers, block.shared_bytes, 1)
    return min(have // want for have, want in zip(free, wants, strict=True) if want)


def _without(free: Free, block: Footprint, count: int) -> Free:
    threads, registers, shared, slots = free
    return (
        threads - count * block.threads,
        registers - count * block.registers,
        shared - count * block.shared_bytes,
        slots - count,
    )


State = tuple[tuple[int, int], ...]
"""Resident blocks by footprint: ((footprint number, blocks), ...), ascending."""


class Packing:
    """States of the SMs, numbered, with the moves between them remembered.

    A state says how many blocks of each footprint are resident, not on which SM: they are taken to
    lie as evenly as can be, the largest footprints first. State 0 is empty.
    """

    def __init__(self, sm: Sm) -> None:
        self._sm = sm
        self._footprints: list[Footprint] = []
        self._numbers: dict[Footprint, int] = {}
        self._states: list[State] = [()]
        self._ids: dict[State, int] = {(): 0}
        self._room: dict[tuple[int, int], int] = {}
        self._parts: dict[int, Packing] = {}

    def of(self, sms: int) -> Packing:
        """States of so many of the SMs, for the same footprints."""
        found = self._parts.get(sms)
        if found is None:
            found = self._parts[sms] = Packing(replace(self._sm, count=sms))
            found._footprints, found._numbers = self._footprints, self._numbers
        return found

    def number(self, block: Footprint) -> int:
        """Number of a footprint, for the other methods."""
        found = self._numbers.setdefault(block, len(self._footprints))
        if found == len(self._footprints):
            self._footprints.append(block)
        return found

    def room(self, state: int, kind: int) -> int:
        """Blocks of footprint ``kind`` that can become resident in ``state``."""
        key = (state, kind)
        found = self._room.get(key)
        if found is None:
            found = self._room[key] = self._count_room(self._states[state], kind)
        return found

    def moved(self, state: int, kind: int, blocks: int) -> int:
        """State after ``blocks`` more (fewer, when negative) of footprint ``kind``."""
        counts = dict(self._states[state])
        counts[kind] = counts.get(kind, 0) + blocks
        if not counts[kind]:
            del counts[kind]
        new = tuple(sorted(counts.items()))
        found = self._ids.setdefault(new, len(self._states))
        if found == len(self._states):
            self._states.append(new)
        return found

    def _count_room(self, state: State, kind: int) -> int:
        block = self._footprints[kind]
        groups = self._packed(state)
        room = sum(count * _fit(free, block) for count, free in groups)
        if block.cluster > 1:
            room = min(room, block.on_device(self._sm) - dict(state).get(kind, 0))
            room -= room % block.cluster
        return max(room, 0)

    def _packed(self, state: State) -> list[tuple[int, Free]]:
        """Groups of SMs with the same resources left: (SMs, free)."""
        sm = self._sm
        groups = [(sm.count, (sm.threads, sm.registers, sm.shared_bytes, sm.blocks))]
        order = sorted(state, key=lambda item: (self._footprints[item[0]].per_sm(sm), item[0]))
        for kind, blocks in order:
            groups = _place(groups, self._footprints[kind], blocks)
        return groups


def _place(groups: list[tuple[int, Free]], block: Footprint, blocks: int) -> list[tuple[int, Free]]:
    """Put blocks one by one on the SM with most room for them; those that don't fit are dropped."""
    while blocks > 0:
        rooms = sorted({_fit(free, block) for _, free in groups}, reverse=True)
        if not rooms[0]:
            break
        best = next(i for i, (_, free) in enumerate(groups) if _fit(free, block) == rooms[0])
        sms, free = groups.pop(best)
        step = rooms[0] - (rooms[1] if len(rooms) > 1 else 0)
        each = min(max(step, 1), blocks // sms) if blocks >= sms else 1
        used = min(sms, blocks)
        groups.append((used, _without(free, block, each)))
        if used < sms:
            groups.append((sms - used, free))
        blocks -= used * each
    return _merged(groups)


def _merged(groups: list[tuple[int, Free]]) -> list[tuple[int, Free]]:
    counts: dict[Free, int] = {}
    for sms, free in groups:
        counts[free] = counts.get(free, 0) + sms
    return [(sms, free) for free, sms in counts.items()]
