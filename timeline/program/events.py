"""Which record of an event a wait takes: the latest one, if that is certain."""

from __future__ import annotations

from dataclasses import dataclass, field

from timeline.program.clocks import Clock, Host, Lane
from timeline.program.handles import Event
from timeline.program.refusals import UnorderedError

__all__ = ["Events", "Record"]


@dataclass(frozen=True, slots=True)
class Record:
    """One ``cudaEventRecord``: where it stands, and what its stream knew there."""

    lane: Lane
    index: int
    clock: Clock


@dataclass(slots=True)
class _History:
    """The records of an event that may be its latest, and each thread's latest wait for it."""

    records: list[Record] = field(default_factory=list)
    waits: dict[Host, int] = field(default_factory=dict)


class Events:
    """The records of every event so far."""

    def __init__(self) -> None:
        self._histories: dict[int, _History] = {}

    def record(self, event: Event, lane: Lane, index: int) -> None:
        """Note that ``lane`` records ``event`` at operation ``index``.

        Raises
        ------
        UnorderedError
            When another thread's wait may come before it or after.
        """
        history = self._histories.setdefault(event.id, _History())
        host = lane.host
        for waiter, waited in history.waits.items():
            if host.clock[waiter.index] < waited:
                raise UnorderedError((waiter, waited), (host, index))
        rivals = [r for r in history.records if host.clock[r.lane.host.index] < r.index]
        history.records = [*rivals, Record(lane, index, lane.clock)]

    def latest(self, event: Event, host: Host, index: int) -> Record | None:
        """The record that operation ``index`` of ``host`` waits for; None if there is none.

        Raises
        ------
        UnorderedError
            When another thread's record may come before it or after, or two records may.
        """
        history = self._histories.get(event.id)
        if history is None:
            return None
        history.waits[host] = index
        for record in history.records:
            recorder = record.lane.host
            if host.clock[recorder.index] < record.index:
                raise UnorderedError((recorder, record.index), (host, index))
        *rivals, record = history.records
        if rivals:
            rival = rivals[0]
            raise UnorderedError((rival.lane.host, rival.index), (record.lane.host, record.index))
        return record
