"""The figures of a trace, scope by scope and device by device: one value a repeat."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from timeline.analysis import Work, bound, communication, devices, together
from timeline.check.figures import (
    Figure,
    Name,
    device_figures,
    finding_figures,
    joint_figures,
)
from timeline.check.launched import Launched
from timeline.check.scopes import WHOLE, Scope, chosen_ranges, stretches
from timeline.errors import UsageError
from timeline.trace import Trace

__all__ = ["MOST_DIAGNOSED", "Place", "Values", "observe"]

MOST_DIAGNOSED = 100_000
"""Activities of a trace up to which findings are counted without being asked for."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A scope on a device.

    Attributes
    ----------
    device : int or None
        None for what is said of the trace as a whole, or over all its devices.
    """

    scope: Scope
    device: int | None

    def __str__(self) -> str:
        on = "" if self.device is None else f"device {self.device}"
        return ", ".join(filter(None, ("" if self.scope == WHOLE else str(self.scope), on)))


@dataclass(frozen=True, slots=True)
class Values:
    """A figure over the repeats of a trace, or the occurrences of a range.

    Attributes
    ----------
    values : tuple of float
        One a repeat, without those in which the figure was undefined.
    of_ns : float or None
        See :attr:`timeline.check.figures.Figure.of_ns`; the median.
    """

    values: tuple[float, ...]
    of_ns: float | None = None


def observe(
    trace: Trace,
    ranges: Sequence[str] = (),
    windows: Sequence[str] = (),
    *,
    diagnose: bool | None = None,
) -> dict[Place, dict[Name, Values]]:
    """Measure a trace.

    Parameters
    ----------
    ranges : sequence of str
        Names or patterns of NVTX ranges to measure as well.
    windows : sequence of str
        Spans to measure as well, as :func:`timeline.analysis.window_text.window_of` reads them.
    diagnose : bool, optional
        Whether findings are counted; by default in traces of up to :data:`MOST_DIAGNOSED`
        activities, since looking for them takes longer than all other figures.

    Raises
    ------
    UsageError
        For a trace without activities, or a window of another form; for ranges, without API calls.
    """
    if not trace.rows("activities"):
        raise UsageError("the trace has no activities, so there is nothing to compare")
    launched = Launched(trace)
    if diagnose is None:
        diagnose = trace.rows("activities") <= MOST_DIAGNOSED
    scopes = [WHOLE, *chosen_ranges(launched, ranges), *(Scope("window", w) for w in windows)]
    return {
        place: figures
        for scope in scopes
        for place, figures in _in_scope(launched, scope, diagnose=diagnose)
    }


def _in_scope(
    launched: Launched, scope: Scope, *, diagnose: bool
) -> Iterator[tuple[Place, dict[Name, Values]]]:
    trace = launched.trace
    overall: dict[Name, Values] = {}
    by_device = {n: list(stretches(launched, scope, n)) for n in devices(trace)}
    beside = _side_by_side(list(by_device.values()))
    if scope == WHOLE:
        overall[Name("dropped")] = Values((trace.meta.dropped,))
        overall |= _over([_joint(works) for works in beside])
    if overall:
        yield Place(scope, None), overall
    for device, repeats in by_device.items():
        found = [_typical([device_figures(work) for work in works]) for works in repeats]
        if diagnose:
            others = beside or [[] for _ in repeats]
            counted = [
                _typical([finding_figures(w, around, replayed=scope == WHOLE) for w in works])
                for works, around in zip(repeats, others, strict=True)
            ]
            found = [one | more for one, more in zip(found, counted, strict=True)]
        if found:
            yield Place(scope, device), _over(found)


def _side_by_side(by_device: Sequence[list[list[Work]]]) -> list[list[Work]]:
    """The works of all devices, repeat after repeat; empty where they have not as many."""
    if len({len(repeats) for repeats in by_device}) != 1:
        return []
    return [[works[0] for works in repeat] for repeat in zip(*by_device, strict=True)]


def _joint(works: list[Work]) -> dict[Name, Figure]:
    works = [work for work in works if len(work.rows)]
    if len(works) < 2:
        return {}
    found = together(works, [bound(w) for w in works], [communication(w) for w in works])
    return joint_figures(found) if found else {}


def _typical(found: list[dict[Name, Figure]]) -> dict[Name, Figure]:
    """Several occurrences in one repeat as one: the median of each figure."""
    if len(found) == 1:
        return found[0]
    joined = _over(found)
    return {name: Figure(median(v.values), v.of_ns) for name, v in joined.items() if v.values}


def _over(repeats: list[dict[Name, Figure]]) -> dict[Name, Values]:
    names = dict.fromkeys(name for figures in repeats for name in figures)
    return {name: _values([f[name] for f in repeats if name in f]) for name in names}


def _values(figures: list[Figure]) -> Values:
    values = [f.value for f in figures if f.value is not None and math.isfinite(f.value)]
    weights = [f.of_ns for f in figures if f.of_ns is not None]
    return Values(tuple(values), median(weights) if weights else None)
