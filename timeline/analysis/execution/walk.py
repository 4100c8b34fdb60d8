"""Walking back from an activity to what it waited for, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np

from timeline.analysis.execution.host_calls import (
    ALLOCATION,
    COPY,
    SYNC,
    HostCalls,
    host_calls,
)
from timeline.analysis.execution.predecessors import LEGACY, Predecessors, predecessors
from timeline.analysis.work import Work
from timeline.intervals import Int64

__all__ = ["Cause", "Execution", "Row", "Steps", "Via", "execution"]

Row = tuple[int, int, int, int, int]
"""A step: start and end, ns; a :class:`Cause`; a place, or -1; a :class:`Via`."""

_NONE = -1
_NEVER = int(np.iinfo(np.int64).min)


class Cause(IntEnum):
    """What a step of a walk is."""

    ACTIVITY = 0  # an activity ran
    LATENCY = 1  # everything it waited for was done, and it had not started yet
    CALL = 2  # a host thread was in a call
    HOST = 3  # a host thread was between two calls
    UNKNOWN = 4  # the trace does not tell


class Via(IntEnum):
    """What made the walk come to an activity, or what a call was waiting for.

    Of an activity it is the last order on the way to it that was more than a dependency.
    """

    DEPENDENCY = 0  # streams and events
    LEGACY = 1  # the legacy default stream
    SYNC = 2  # a host thread waited for it in a synchronisation
    ALLOCATION = 3  # … in cudaMalloc or cudaFree
    COPY = 4  # … in a copy that blocks


_ACTIVITY, _LATENCY, _CALL, _HOST, _UNKNOWN = (int(cause) for cause in Cause)
_DEPENDENCY, _LEGACY = int(Via.DEPENDENCY), int(Via.LEGACY)
_VIA = {SYNC: int(Via.SYNC), ALLOCATION: int(Via.ALLOCATION), COPY: int(Via.COPY)}


@dataclass(frozen=True, eq=False, slots=True)
class Steps:
    """Steps of walks as columns, each of shape (n,).

    Attributes
    ----------
    starts, ends : numpy.ndarray of int64
        Ns.
    causes, vias : numpy.ndarray of int64
        :class:`Cause` and :class:`Via`.
    places : numpy.ndarray of int64
        Of the activity in the Work (``ACTIVITY``, ``LATENCY``), of the call in
        ``Execution.calls`` (``CALL``; of ``HOST`` the call after it), or -1.
    """

    starts: Int64
    ends: Int64
    causes: Int64
    places: Int64
    vias: Int64

    def __len__(self) -> int:
        return len(self.starts)

    @classmethod
    def of(cls, rows: list[Row]) -> Steps:
        """Columns out of rows."""
        starts, ends, causes, places, vias = np.array(rows, np.int64).reshape(len(rows), 5).T
        return cls(starts, ends, causes, places, vias)


@dataclass(frozen=True, eq=False)
class Execution:
    """The activities of a Work, the calls that issued them, and what each waited for.

    Attributes
    ----------
    enqueued : numpy.ndarray of int64, shape (n,)
        When each activity was in its stream, ns: the time CUPTI gives, or the end of its call, and
        never later than its start; the earliest of times where neither is known.
    """

    work: Work
    calls: HostCalls
    enqueued: Int64
    before: Predecessors

    @cached_property
    def held_by_call(self) -> Int64:
        """The call that held an activity longer than anything on the device, or -1; (n,)."""
        late = (self.calls.issued >= 0) & (self.enqueued > self.before.finish)
        return np.where(late, self.calls.issued, _NONE)

    def walk(self, place: int, until: int, into: list[Row]) -> None:
        """What kept an activity from starting, back to ``until``.

        Parameters
        ----------
        place : int
            Of the activity in the Work.
        until : int
            Trace time, ns, not after its start.
        into : list of Row
            Gets the steps, which follow each other without a gap from the activity's start down to
            ``until``, the last one first.
        """
        lists = self._lists
        starts, sources, finish, kinds = lists.starts, lists.sources, lists.finish, lists.kinds
        held_by, enqueued, add = lists.held_by_call, lists.enqueued, into.append
        at, via = starts[place], _DEPENDENCY
        while at > until:
            call, source = held_by[place], sources[place]
            if call == _NONE and source == _NONE:
                add((until, at, _UNKNOWN, _NONE, via))
                return
            free = finish[place] if call == _NONE else enqueued[place]
            if at > free:
                add((max(free, until), at, _LATENCY, place, via))
                at = free
            if at <= until:
                return
            if call == _NONE:
                if kinds[place] == LEGACY:
                    via = _LEGACY
                place = source
            else:
                found = self._through_host(call, at, until, place, into)
                if found is None:
                    return
                place, at, via = found
            begin = starts[place]
            if begin < at:
                add((max(begin, until), at, _ACTIVITY, place, via))
                at = begin

    def _through_host(
        self, call: int, at: int, until: int, place: int, into: list[Row]
    ) -> tuple[int, int, int] | None:
        """Back from an activity through the calls of a thread, to what let one of them return.

        Returns that activity, its end, and how it was waited for; None once ``until`` is reached.
        """
        lists = self._lists
        while True:
            via = _VIA.get(lists.call_kinds[call], _DEPENDENCY)
            begin, released = lists.call_starts[call], lists.waited_for[call]
            end = lists.ends[released] if released != _NONE else _NEVER
            waited = begin < end <= at and (end < at or released < place)  # never in circles
            begin = end if waited else begin
            if begin < at:
                into.append((max(begin, until), at, _CALL, call, via))
                at = begin
            if at <= until:
                return None
            if waited:
                return released, at, via
            call, after = lists.call_before[call], call
            begin = lists.call_ends[call] if call != _NONE else until
            if begin < at:
                into.append((max(begin, until), at, _HOST, after, _DEPENDENCY))
                at = begin
            if at <= until or call == _NONE:
                return None

    @cached_property
    def _lists(self) -> _Lists:
        return _Lists(self)


class _Lists:
    """The arrays as lists: a walk reads single items, which lists give ten times as fast."""

    def __init__(self, execution: Execution) -> None:
        work, calls, before = execution.work, execution.calls, execution.before
        self.starts: list[int] = work.starts.tolist()
        self.ends: list[int] = work.ends.tolist()
        self.enqueued: list[int] = execution.enqueued.tolist()
        self.held_by_call: list[int] = execution.held_by_call.tolist()
        self.sources: list[int] = before.sources.tolist()
        self.finish: list[int] = before.finish.tolist()
        self.kinds: list[int] = before.kinds.tolist()
        self.call_starts: list[int] = calls.starts.tolist()
        self.call_ends: list[int] = calls.ends.tolist()
        self.call_kinds: list[int] = calls.kinds.tolist()
        self.call_before: list[int] = calls.before.tolist()
        self.waited_for: list[int] = calls.waited_for.tolist()


def execution(work: Work) -> Execution:
    """Join the activities of a Work with the calls of the host."""
    calls = host_calls(work)
    enqueued = _enqueued(work, calls)
    return Execution(work, calls, enqueued, predecessors(work, enqueued))


def _enqueued(work: Work, calls: HostCalls) -> Int64:
    queued = work.column("queued")
    known = calls.issued >= 0
    returned = np.full(len(work.rows), _NEVER, np.int64)
    returned[known] = calls.ends[calls.issued[known]]
    return np.minimum(np.where(queued >= 0, queued, returned), work.starts)
