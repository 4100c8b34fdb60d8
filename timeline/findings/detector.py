"""A detector: one cause, how it is found, and what mends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from timeline.findings.case import Case
from timeline.intervals import Int64

__all__ = ["NO_ROWS", "Detector", "Evidence"]

NO_ROWS: Int64 = np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False, slots=True)
class Evidence:
    """What a detector saw; arrays of shape (n,), one entry an occurrence.

    Attributes
    ----------
    rows : numpy.ndarray of int64
        Row of ``trace.activities`` of each, or -1 of one that is a call alone.
    starts, ends : numpy.ndarray of int64
        Trace time of each, ns.
    weights : numpy.ndarray of int64
        What each cost, ns; they need not add up to ``cost_ns``.
    cost_ns : int
        What it cost in all, ns.
    by, how : str
        See :class:`timeline.findings.Finding`.
    calls : numpy.ndarray of int64
        Row of ``trace.calls`` of each, or -1; empty where the calls are those that issued ``rows``.
    advice, fix : str
        In place of the detector's.
    """

    rows: Int64
    starts: Int64
    ends: Int64
    weights: Int64
    cost_ns: int
    by: str
    how: str
    summary: str
    calls: Int64 = field(default_factory=lambda: NO_ROWS)
    advice: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Detector:
    """A cause that can be found.

    Attributes
    ----------
    find : callable
        Takes a :class:`timeline.findings.case.Case`; gives evidence, or a sentence for what the
        trace lacks. Nothing when the cause is not there.
    """

    code: str
    title: str
    advice: str
    technique: str
    fix: str | None
    find: Callable[[Case], Iterator[Evidence | str]]

    @property
    def page(self) -> str:
        """The technique's page."""
        return f"docs/techniques/{self.technique}.md"
