"""All ranks of a job together: how much they differ, and who keeps the others waiting."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from timeline.analysis import Spread, spread
from timeline.errors import TraceError
from timeline.ranks.alignment import Alignment, align
from timeline.ranks.summary import Anchors, DeviceFigures, RankSummary

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Job", "Straggler", "job"]

Json = dict[str, Any]

_SCALED_MAD = 1.4826
"""MAD times this estimates a standard deviation of normal figures."""
_DEVIATIONS = 3
_LEAST_EXCESS = 0.01

SPREAD = (
    "makespan_ns",
    "idle_ratio",
    "pipeline_efficiency",
    "hidden_copy_ratio",
    "exposed_copy_ns",
)


@dataclass(frozen=True, slots=True)
class Straggler:
    """A rank that stands out.

    A figure stands out that lies more than three deviations (1.4826 MAD) above the median of all
    ranks, and by more than 1 % of the median makespan, or of its part for each collective.

    Attributes
    ----------
    by : str
        ``late to collectives``: mean time by which it started them after the first rank; or
        ``makespan``, where there are none.
    """

    rank: int
    by: str
    ns: int
    median_ns: int


@dataclass(frozen=True, eq=False)
class Job:
    """Ranks of one job, by number.

    Attributes
    ----------
    ranks : tuple of RankSummary
        Those that could be read.
    failed : tuple of RankSummary
        The others.
    """

    ranks: tuple[RankSummary, ...]
    failed: tuple[RankSummary, ...]
    alignment: Alignment

    @cached_property
    def rows(self) -> list[tuple[int, DeviceFigures]]:
        """Each device of each rank."""
        return [(number(rank), device) for rank in self.ranks for device in rank.devices]

    @cached_property
    def spreads(self) -> dict[str, Spread]:
        """How much each figure of :data:`SPREAD` varies over ranks and devices."""
        found = {name: spread([getattr(d, name) for _, d in self.rows]) for name in SPREAD}
        return {name: each for name, each in found.items() if each is not None}

    @cached_property
    def starts_ns(self) -> npt.NDArray[np.int64]:
        """Aligned start of the first activity of each rank, after that of the first one."""
        firsts = np.array([_anchors(rank).first or 0 for rank in self.ranks], np.int64)
        starts = firsts - self.alignment.offsets_ns
        return np.asarray(starts - starts.min())

    @cached_property
    def lateness_ns(self) -> npt.NDArray[np.int64] | None:
        """Mean lateness of each rank at collectives; None without any."""
        late = self.alignment.lateness_ns
        return None if late is None else np.rint(late.mean(axis=1)).astype(np.int64)

    @cached_property
    def stragglers(self) -> tuple[Straggler, ...]:
        """Ranks that stand out, the worst first."""
        makespans = [max((d.makespan_ns for d in r.devices), default=0) for r in self.ranks]
        values, by, period_ns = np.array(makespans, np.int64), "makespan", np.median(makespans)
        if self.lateness_ns is not None:
            values, by = self.lateness_ns, "late to collectives"
            period_ns /= self.alignment.matched
        median = float(np.median(values))
        deviation = _SCALED_MAD * float(np.median(np.abs(values - median)))
        limit = median + max(_DEVIATIONS * deviation, _LEAST_EXCESS * float(period_ns))
        found = [
            Straggler(number(rank), by, int(value), round(median))
            for rank, value in zip(self.ranks, values.tolist(), strict=True)
            if value > limit
        ]
        return tuple(sorted(found, key=lambda each: -each.ns))

    def to_json(self) -> Json:
        """As JSON."""
        from timeline.ranks.shown import as_json

        return as_json(self)

    def print(self, console: Console | None = None) -> None:
        """Print the tables, by default to stdout."""
        from timeline.ranks.shown import print_job

        print_job(self, console)


def number(rank: RankSummary) -> int:
    """The number of a rank, which :func:`job` has given to those without one."""
    return -1 if rank.rank is None else rank.rank


def _anchors(rank: RankSummary) -> Anchors:
    assert rank.anchors is not None
    return rank.anchors


def job(summaries: Sequence[RankSummary]) -> Job:
    """Bring ranks together.

    Ranks are numbered by their order where two have the same number, or one has none.

    Raises
    ------
    TraceError
        When none could be read.
    """
    numbers = [each.rank for each in summaries]
    if None in numbers or len(set(numbers)) < len(numbers):
        summaries = [dataclasses.replace(each, rank=i) for i, each in enumerate(summaries)]
    ordered = sorted(summaries, key=number)
    sound = tuple(each for each in ordered if not each.failure)
    failed = tuple(each for each in ordered if each.failure)
    if not sound:
        raise TraceError(f"none of {len(failed)} ranks can be read; the first: {failed[0].failure}")
    return Job(sound, failed, align([_anchors(each) for each in sound]))
