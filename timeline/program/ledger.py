"""Every buffer's memory: accesses, allocations and frees, and the errors they lead to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from timeline.errors import ProgramError
from timeline.program import ops as o
from timeline.program.clocks import Clock, Host, Lane
from timeline.program.handles import Span
from timeline.program.memory import Access, Memory, Race
from timeline.program.places import place
from timeline.program.races import Party, data_race
from timeline.program.refusals import Point, RefusedError, UnorderedError

__all__ = ["Ledger"]


class Ledger:
    """Notes what happens to memory.

    Parameters
    ----------
    memories : mapping of int to Memory
        Every buffer's, by buffer id.
    lanes : sequence of Host or Lane
        By index.
    ops : sequence
        The operations of each host thread.
    """

    def __init__(
        self,
        memories: Mapping[int, Memory],
        lanes: Sequence[Host | Lane],
        ops: Sequence[Sequence[o.Op]],
    ) -> None:
        self._memories = memories
        self._lanes = lanes
        self._ops = ops

    def how(self, span: Span) -> type | None:
        """``Malloc`` or ``MallocAsync``, if the Program has allocated the memory itself."""
        return self._memories[span.buffer.id].how

    def read(self, span: Span, access: Access, clock: Clock) -> None:
        """Note a read that comes after all that ``clock`` stands for.

        Raises
        ------
        RefusedError
            When the memory is not allocated.
        DataRaceError
            When nothing orders an earlier access to the same bytes.
        """
        memory = self._memories[span.buffer.id]
        if not memory.allocated:
            raise self._not_allocated(memory, "reads")
        race = memory.read(span.offset, span.offset + span.bytes, access, clock)
        if race is not None:
            raise self._race(race, access, "reads", span)

    def write(self, span: Span, access: Access, clock: Clock, verb: str = "writes") -> None:
        """Note a write; see :meth:`read`."""
        memory = self._memories[span.buffer.id]
        if not memory.allocated:
            raise self._not_allocated(memory, verb)
        race = memory.write(span.offset, span.offset + span.bytes, access, clock)
        if race is not None:
            raise self._race(race, access, verb, span)

    def allocate(self, span: Span, how: type, access: Access, point: Point) -> None:
        """Note that the host at ``point`` allocates a buffer, which exists from ``access`` on."""
        memory = self._memories[span.buffer.id]
        self._require_order(memory, point)
        if memory.allocated:
            raise RefusedError(f"{memory.buffer.name!r} is already allocated{self._since(memory)}")
        host, index = point
        memory.allocated, memory.how, memory.changed = True, how, (host.index, index)
        memory.forget(access)

    def free(self, span: Span, access: Access, clock: Clock, point: Point) -> None:
        """Note that the host at ``point`` frees a buffer, which ends with ``access``."""
        memory = self._memories[span.buffer.id]
        self._require_order(memory, point)
        if memory.allocated and memory.how is None:
            raise RefusedError(
                f"{memory.buffer.name!r} exists before the Program starts and stays; "
                "allocate it in the Program, or leave it"
            )
        self.write(span, access, clock, "frees")
        host, index = point
        memory.allocated, memory.changed = False, (host.index, index)

    def _require_order(self, memory: Memory, point: Point) -> None:
        """The call that allocated or freed before must come first on every run."""
        if memory.changed is not None:
            lane, before = memory.changed
            if point[0].clock[lane] < before:
                raise UnorderedError((self._lanes[lane].host, before), point)

    def _since(self, memory: Memory) -> str:
        if memory.changed is None:
            return ""
        host, index = self._lanes[memory.changed[0]].host, memory.changed[1]
        return f", since {place(host.owner, index, self._ops[host.thread][index])}"

    def _not_allocated(self, memory: Memory, verb: str) -> RefusedError:
        name = memory.buffer.name
        if memory.changed is None:
            return RefusedError(f"{name!r} is not allocated yet; allocate it before")
        when = "once" if verb == "frees" else "later"
        return RefusedError(f"{name!r} is no longer allocated{self._since(memory)}; free it {when}")

    def _race(self, race: Race, access: Access, verb: str, span: Span) -> ProgramError:
        begin, end = max(race.begin, span.offset), min(race.end, span.offset + span.bytes)
        earlier = self._party(race.earlier, "writes" if race.earlier_writes else "reads")
        later = self._party(access, verb)
        name = span.buffer.name
        return data_race(earlier, later, name, Race(race.earlier, race.earlier_writes, begin, end))

    def _party(self, access: Access, verb: str) -> Party:
        lane, index = self._lanes[access[0]], access[1]
        op = self._ops[lane.host.thread][index]
        made = isinstance(op, o.Malloc | o.MallocAsync) and verb == "writes"
        return Party(lane, index, op, "allocates" if made else verb)
