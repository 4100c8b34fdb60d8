"""One launch of a kernel, to zoom in on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from timeline.errors import UsageError, unknown
from timeline.figures.cut import Cut
from timeline.trace import Trace

__all__ = ["LaunchView", "chosen_launch", "stamped_kernels"]


MARGIN = 12
"""Part of the view that is added behind the last stamp."""


@dataclass(frozen=True, slots=True)
class LaunchView:
    """A launch whose blocks wrote stamps.

    Attributes
    ----------
    start, end : int
        Of its kernel, trace time in ns.
    stamped : int
        When its last stamp ends: kernels stamp some of their work only.
    """

    correlation: int
    start: int
    end: int
    stamped: int

    @property
    def view(self) -> tuple[int, int]:
        """What to look at: the kernel, or its beginning where stamps cover less than half of it."""
        length = self.stamped - self.start
        if 2 * length < self.end - self.start:
            return self.start, self.stamped + length // MARGIN
        return self.start, self.end


def stamped_kernels(trace: Trace) -> list[str]:
    """Names of kernels that wrote stamps, in the order of the trace's names."""
    names, codes = trace.names("activities", "name"), trace.column("activities", "name")
    issued = trace.column("activities", "correlation")
    stamped = np.isin(issued, np.unique(trace.column("stamps", "correlation")))
    return [names[code] for code in np.unique(codes[stamped & (codes >= 0)]).tolist()]


def chosen_launch(trace: Trace, kernel: str, repeat: int | None = None) -> LaunchView:
    """The launch of median duration (the shorter of two) of a kernel, in the repeat if given.

    Parameters
    ----------
    kernel : str
        Its name, or a part of it that may be of several.

    Raises
    ------
    UsageError
        When no kernel of that name wrote stamps.
    """
    issued = trace.column("activities", "correlation")
    rows = Cut(trace, repeat=repeat).activities
    named = np.isin(trace.column("activities", "name")[rows], _named(trace, kernel))
    stamped = np.isin(issued[rows], trace.column("stamps", "correlation"))
    rows = rows[named & stamped]
    if not len(rows):
        raise UsageError(f"{kernel!r} wrote no stamps in this repeat; choose another")
    start, end = trace.column("activities", "start")[rows], trace.column("activities", "end")[rows]
    order = np.argsort(end - start, kind="stable")
    row = int(order[(len(order) - 1) // 2])
    launch = int(issued[rows[row]])
    mine = trace.column("stamps", "correlation") == launch
    last = int(trace.column("stamps", "end")[mine].max())
    return LaunchView(launch, int(start[row]), int(end[row]), last)


def _named(trace: Trace, kernel: str) -> list[int]:
    """Codes of the names that are meant: this very one, or those that it is a part of."""
    known = stamped_kernels(trace)
    if not known:
        raise UsageError("no kernel of this trace wrote stamps; there is nothing to zoom in on")
    meant = [kernel] if kernel in known else [name for name in known if kernel in name]
    if not meant:
        raise unknown("kernel with stamps", kernel, known)
    names = trace.names("activities", "name")
    return [code for code, name in enumerate(names) if name in meant]
