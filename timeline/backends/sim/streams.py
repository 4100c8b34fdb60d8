"""The streams of a Program by index, with one per-thread default stream a host thread."""

from __future__ import annotations

from timeline.backends.sim.plan import StreamPlan
from timeline.errors import ProgramError
from timeline.program import Program, Stream, StreamKind

__all__ = ["StreamIndex", "StreamTable"]


class StreamTable:
    """All streams, numbered from 1 in the order in which they are first seen."""

    def __init__(self, program: Program) -> None:
        self.plans: list[StreamPlan] = []
        self._declared = {s.id: s for s in program.streams}
        self._legacy = {s.device for s in program.streams if s.kind is StreamKind.LEGACY}
        self._taken: set[int] = set()
        self.shared = {
            s.id: self._add(s, s.id, s.name)
            for s in program.streams
            if s.kind is not StreamKind.PER_THREAD
        }

    def _add(self, stream: Stream, number: int, name: str) -> int:
        legacy = 0
        if stream.device in self._legacy and stream.kind is not StreamKind.NON_BLOCKING:
            legacy = 2 if stream.kind is StreamKind.LEGACY else 1
        self._taken.add(number)
        self.plans.append(StreamPlan(stream, number, name, legacy))
        return len(self.plans)

    def own(self, stream_id: int, thread: str) -> int:
        """Make the per-thread default stream of ``thread``; the first keeps the declared id."""
        stream = self._declared.get(stream_id)
        if stream is None:
            raise ProgramError(f"stream {stream_id} is not one of the Program's streams")
        number = stream_id
        if number in self._taken:
            number = max(self._taken | self._declared.keys()) + 1
        return self._add(stream, number, f"{stream.name} of {thread}")

    def __getitem__(self, index: int) -> StreamPlan:
        return self.plans[index - 1]

    def __len__(self) -> int:
        return len(self.plans)


class StreamIndex(dict[int, int]):
    """Index by stream id, as one host thread sees it."""

    def __init__(self, table: StreamTable, thread: str) -> None:
        super().__init__(table.shared)
        self._table, self._thread = table, thread

    def __missing__(self, stream_id: int) -> int:
        self[stream_id] = index = self._table.own(stream_id, self._thread)
        return index
