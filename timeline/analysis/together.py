"""Several devices in one window: how long it took over all, and how evenly they worked.

Activities of devices are never merged: each engine of each device is an engine of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from timeline.analysis.bounds import Bound
from timeline.analysis.communication import Communication
from timeline.analysis.windows import Window
from timeline.analysis.work import Work
from timeline.engines import P2P, SM

__all__ = ["Together", "together"]


@dataclass(frozen=True, slots=True)
class Together:
    """Figures over all devices D of a window.

    Attributes
    ----------
    window : Window
        From the first start to the last end on any device.
    bound_ns : int
        max over devices of max(|B(compute)|, |B(comm)|, |B(e)| of its other engines, critical
        path). Collectives count apart from the kernels that compute, as the two can run beside each
        other on the SMs. What one device waits for on another is not in it, so the efficiency is
        understated, never overstated.
    limiting_device : int
        The device of that bound.
    busy_ns : tuple of int
        Of each device: time in which at least one of its engines was busy, ns.
    start_spread_ns, end_spread_ns : int
        From the first device's first start to the last one's; from the first one's last end to the
        last one's, ns.
    hidden_communication_ratio : float or None
        The lowest of the devices that communicate.
    exposed_communication_ns : int
        The longest of any device, ns.
    """

    window: Window
    bound_ns: int
    limiting_device: int
    busy_ns: tuple[int, ...]
    start_spread_ns: int
    end_spread_ns: int
    hidden_communication_ratio: float | None
    exposed_communication_ns: int

    @property
    def makespan_ns(self) -> int:
        """|W| over all devices, ns."""
        return self.window.length_ns

    @property
    def pipeline_efficiency(self) -> float | None:
        """Bound / makespan; None without a makespan."""
        return self.bound_ns / self.makespan_ns if self.makespan_ns else None

    @property
    def imbalance(self) -> float | None:
        """Max busy / mean busy − 1: 0 when every device is busy for as long; None if none is."""
        total = sum(self.busy_ns)
        return max(self.busy_ns) * len(self.busy_ns) / total - 1 if total else None


def together(
    works: Sequence[Work], bounds: Sequence[Bound], talks: Sequence[Communication]
) -> Together | None:
    """Figures over several devices; None for fewer than two.

    Parameters
    ----------
    works, bounds, talks : sequence
        What each device did, in the same window or repeat, and its measures.
    """
    if len(works) < 2:
        return None
    starts = [work.window.start_ns for work in works]
    ends = [work.window.end_ns for work in works]
    limits = [_limit(*one) for one in zip(works, bounds, talks, strict=True)]
    longest = max(range(len(works)), key=lambda i: limits[i])
    ratios = [talk.hidden_ratio for talk in talks if talk.hidden_ratio is not None]
    return Together(
        Window(min(starts), max(ends)),
        limits[longest],
        works[longest].device,
        tuple(work.busy_ns(*work.engines) for work in works),
        max(starts) - min(starts),
        max(ends) - min(ends),
        min(ratios, default=None),
        max(talk.exposed_ns for talk in talks),
    )


def _limit(work: Work, found: Bound, talk: Communication) -> int:
    apart = (work.busy_ns(engine) for engine in work.engines if engine not in (SM, P2P))
    return max(found.critical_path_ns, talk.compute_ns, talk.communication_ns, *apart)
