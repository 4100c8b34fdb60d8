"""What the what-if says that a fix would gain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from timeline.findings.case import Case

if TYPE_CHECKING:
    from timeline.whatif import Scenario

__all__ = ["MOST_PREDICTED", "Gain", "Gains"]

MOST_PREDICTED = 20_000
"""Activities up to which fixes are tried: lifting and replaying take some 30 µs an activity."""

TRUSTED = 0.02
"""Part of the makespan by which the replay of an unchanged recording may be off."""


@dataclass(frozen=True, slots=True)
class Gain:
    """The gain of one fix, ns, and what it takes for granted."""

    ns: int
    assumed: tuple[str, ...]


class Gains:
    """Tries fixes on a device of a repeat, or of a whole trace; lifts it when first asked.

    Parameters
    ----------
    repeat : int, optional
        The one that the case is of; None for all of a trace without repeats.
    """

    def __init__(self, case: Case, repeat: int | None) -> None:
        self._case, self._repeat = case, repeat

    def of(self, fix: str) -> Gain | None:
        """Gain of a fix, ``name:value``; None where that can't be told, or nothing changes."""
        from timeline.whatif import FIXES, replay  # half a report's time to import
        from timeline.whatif.lifting.gate import regated

        name, *values = fix.split(":")
        if name not in FIXES or not self._can_be_lifted:
            return None
        scenario, before = self._recording
        recorded = self._case.makespan_ns
        if abs(before - recorded) > TRUSTED * recorded:
            return None
        change = FIXES[name].apply(scenario, values)
        if not change.count:
            return None
        return Gain(before - replay(regated(change.scenario)).makespan_ns, change.assumed)

    @property
    def _can_be_lifted(self) -> bool:
        """Whether it is short enough, and all of its activities have a length."""
        work = self._case.work
        return len(work.rows) <= MOST_PREDICTED and bool((work.ends > work.starts).all())

    @cached_property
    def _recording(self) -> tuple[Scenario, int]:
        """The recording, lifted, and the makespan of its replay."""
        from timeline.whatif import lift, replay

        work = self._case.work
        scenario = lift(work.trace, repeat=self._repeat, device=work.device)
        return scenario, replay(scenario).makespan_ns
