"""What the what-if says that a fix would gain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from timeline.analysis.execution import execution
from timeline.analysis.work import joint_work
from timeline.findings.case import Case

if TYPE_CHECKING:
    from timeline.whatif import Replays

__all__ = ["MOST_PREDICTED", "TRUSTED", "Gain", "Gains"]

MOST_PREDICTED = 10_000
"""Activities up to which fixes are tried: lifting and replaying take some 70 µs an activity."""

TRUSTED = 0.02
"""Part of the makespan by which the replay of an unchanged recording may be off."""


@dataclass(frozen=True, slots=True)
class Gain:
    """The gain of one fix.

    Attributes
    ----------
    ns, least_ns : int
        With kernels that come to run side by side keeping their pace, and with kernels that share
        the SMs they are on; the same where the recording shows which it is, or where it makes no
        difference.
    assumed : tuple of str
        What is taken for granted.
    """

    ns: int
    least_ns: int
    assumed: tuple[str, ...]


class Gains:
    """Tries fixes on a repeat, or on a whole trace without repeats: on all devices of the process.

    What a fix gains on one device is worth what it gains over all of them.
    """

    def __init__(self, case: Case) -> None:
        self._case = case

    def of(self, fix: str) -> Gain | None:
        """Gain of a fix, ``name:value``; None where that can't be told, or nothing changes."""
        from timeline.whatif import FIXES  # half a report's time to import

        too_long = len(self._case.work.rows) > MOST_PREDICTED
        if too_long or fix.partition(":")[0] not in FIXES:
            return None
        found = self._replays.prediction([fix])
        trusted = abs(found.replayed_ns - found.recorded_ns) <= TRUSTED * found.recorded_ns
        if not found.applied or not trusted:
            return None
        either = (found.predicted_ns, found.otherwise_ns or found.predicted_ns)
        least, most = found.replayed_ns - max(either), found.replayed_ns - min(either)
        return Gain(most, least, found.assumed)

    @cached_property
    def _replays(self) -> Replays:
        from timeline.whatif import Replays

        together = joint_work((self._case.work, *self._case.others))
        return Replays(self._case.execution if together is None else execution(together))
