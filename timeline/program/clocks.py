"""Vector clocks: what each host thread and each stream knows to have happened.

A *lane* is a sequence that runs in order: a host thread, or the operations that one host thread
puts into one stream. The place of an operation in its lane is its index in its host thread, so one
number says both when it was issued and where it stands. A clock holds, for every lane, the index up
to which that lane has certainly run; of itself, and of its host thread, a lane knows everything.
A clock is never changed once made, so a snapshot costs nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from timeline.program.handles import Stream

__all__ = ["Clock", "Host", "Lane"]

Clock = list[int]

NEVER = -1
ALWAYS = 1 << 62


class Host:
    """The lane of a host thread.

    Attributes
    ----------
    version : int
        Grows whenever the thread learns something; tells its streams to look again.
    """

    __slots__ = ("clock", "host", "index", "owner", "stream", "thread", "version")

    def __init__(self, index: int, thread: int, owner: str, lanes: int) -> None:
        self.index = index
        self.thread = thread
        self.owner = owner
        self.host = self
        self.stream: Stream | None = None
        self.version = 0
        self.clock: Clock = [NEVER] * lanes
        self.clock[index] = ALWAYS

    def learn(self, source: Host | Lane, upto: int, clock: Clock) -> None:
        """Take over what ``source`` knew when it was at ``upto``."""
        if self.clock[source.index] < upto:
            self.clock = joined(self.clock, source, upto, clock)
            self.version += 1

    @staticmethod
    def meet(arrivals: Sequence[tuple[Host, int]]) -> None:
        """Let threads know all that any of them knows; each stands at an operation of its own."""
        common = [max(known) for known in zip(*(host.clock for host, _ in arrivals), strict=True)]
        for host, index in arrivals:
            common[host.index] = index
        for host, _ in arrivals:
            host.clock = list(common)
            host.clock[host.index] = ALWAYS
            host.version += 1


class Lane:
    """What one host thread puts into one stream.

    Attributes
    ----------
    last : int
        Index of its latest operation.
    legacy : Lane or None
        The same thread's lane of the legacy default stream, if this stream synchronises with it.
    others : list of Lane
        Lanes of other threads that come before this one in stream order when they were issued
        before: of the same stream, and through the legacy default stream's rule.
    kept : bool
        Whether the past is kept, for other threads that know this one up to some point only.
    pending : dict of Lane
        The same thread's lanes of the device with operations that the thread has not waited for.
    blocking : dict of Lane
        For the legacy default stream: the same thread's lanes that it synchronises with, and that
        have operations since its own last one.
    """

    __slots__ = (
        "blocking",
        "clock",
        "history",
        "host",
        "index",
        "kept",
        "last",
        "legacy",
        "others",
        "pending",
        "seen",
        "stream",
        "turns",
    )

    def __init__(self, index: int, stream: Stream, host: Host, kept: bool) -> None:
        self.index = index
        self.stream = stream
        self.host = host
        self.kept = kept
        self.last = NEVER
        self.seen = 0
        self.legacy: Lane | None = None
        self.others: list[Lane] = []
        self.pending: dict[Lane, None] = {}
        self.blocking: dict[Lane, None] = {}
        self.clock: Clock = [NEVER] * len(host.clock)
        self.clock[index] = self.clock[host.index] = ALWAYS
        self.turns: list[int] = [NEVER]
        self.history: list[Clock] = [self.clock]

    def enter(self, index: int) -> None:
        """Put operation ``index`` into the stream, behind what its rules put before it."""
        if self.seen != self.host.version:
            self._look_at_host(index)
        legacy = self.legacy
        if legacy is not None:
            self.learn(legacy, legacy.last, legacy.clock, index)
            legacy.blocking[self] = None
        elif self.blocking:
            for lane in self.blocking:
                self.learn(lane, lane.last, lane.clock, index)
            self.blocking.clear()
        self.last = index
        self.pending[self] = None

    def _look_at_host(self, index: int) -> None:
        self.seen = self.host.version
        self._become(list(map(max, self.clock, self.host.clock)), index)
        for other in self.others:
            upto = self.host.clock[other.host.index]
            if self.clock[other.index] < min(upto, other.last):
                self.learn(other, upto, other.clock_at(upto), index)

    def learn(self, source: Host | Lane, upto: int, clock: Clock, index: int) -> None:
        """Take over, from operation ``index`` on, what ``source`` knew when it was at ``upto``."""
        if self.clock[source.index] < upto:
            self._become(joined(self.clock, source, upto, clock), index)

    def _become(self, clock: Clock, index: int) -> None:
        self.clock = clock
        if self.kept:
            self.turns.append(index)
            self.history.append(clock)

    def clock_at(self, index: int) -> Clock:
        """What the lane knew at operation ``index`` of its thread."""
        return self.history[bisect_right(self.turns, index) - 1]


def joined(mine: Clock, source: Host | Lane, upto: int, clock: Clock) -> Clock:
    """``mine`` with ``clock``, which ``source`` had at ``upto``, and which stands for no more."""
    both = list(map(max, mine, clock))
    both[source.index] = max(mine[source.index], upto)
    both[source.host.index] = max(mine[source.host.index], upto)
    return both
