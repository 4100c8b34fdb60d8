"""The words of a data race: both operations, the bytes, and what would order them."""

from __future__ import annotations

from dataclasses import dataclass

from timeline.errors import DataRaceError
from timeline.program import ops as o
from timeline.program.clocks import Host, Lane
from timeline.program.memory import Race
from timeline.program.places import place

__all__ = ["Party", "data_race", "remedy"]


@dataclass(frozen=True, slots=True)
class Party:
    """One of two operations that nothing orders: where it runs, and what it does to the bytes."""

    lane: Host | Lane
    index: int
    op: o.Op
    verb: str

    @property
    def place(self) -> str:
        """Its place, in words."""
        return place(self.lane.host.owner, self.index, self.op)


def data_race(earlier: Party, later: Party, buffer: str, race: Race) -> DataRaceError:
    """Build the error for two accesses to bytes of ``buffer``; ``earlier`` was issued first."""
    return DataRaceError(
        f"{later.place} {later.verb} bytes {race.begin} to {race.end} of {buffer!r}, which "
        f"{earlier.place} {earlier.verb}, and nothing orders them: {remedy(earlier, later)}"
    )


def remedy(earlier: Party, later: Party) -> str:
    """What to add so that ``earlier`` comes before ``later``."""
    steps = []
    done, stream = earlier.lane.stream, later.lane.stream
    if done is not None and (done is not stream or earlier.lane.host is later.lane.host):
        if stream is None:
            steps.append(f"synchronise stream {done.name!r} between them")
        else:
            steps.append(
                f"record an event in {done.name!r} after operation {earlier.index} and let "
                f"{stream.name!r} wait for it before operation {later.index}"
            )
    if earlier.lane.host is not later.lane.host:
        steps.append(
            f"let both threads meet at a host barrier, {earlier.lane.host.owner} after operation "
            f"{earlier.index} and {later.lane.host.owner} before operation {later.index}"
        )
    return ", and ".join(steps)
