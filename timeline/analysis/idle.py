"""When engines, and the device as a whole, did nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from timeline.analysis.windows import Window
from timeline.analysis.work import Work
from timeline.engines import HOST
from timeline.intervals import Int64, Intervals, gaps, measure, union

__all__ = ["Idle", "busiest_stretch", "device_busy", "device_idle", "engine_idle"]

PAUSE_RATIO = 1000
"""The device paused where it was idle for more than this part, 1 in so many, of the window."""


@dataclass(frozen=True, eq=False, slots=True)
class Idle:
    """Gaps W − B, each ``[starts[i], ends[i])``, ns."""

    starts: Int64
    ends: Int64

    @property
    def total_ns(self) -> int:
        """|W − B|, ns."""
        return measure(self.starts, self.ends)

    @property
    def longest_ns(self) -> int:
        """The longest gap, ns; 0 without one."""
        return int((self.ends - self.starts).max()) if len(self.starts) else 0


def engine_idle(work: Work, engine: str) -> Idle:
    """When an engine was idle: W − B(e).

    Parameters
    ----------
    engine : str
        One of :data:`timeline.engines.ENGINES`.
    """
    empty = np.zeros(0, np.int64)
    starts, ends = work.unions.get(engine, (empty, empty))
    return Idle(*gaps(starts, ends, work.window.start_ns, work.window.end_ns))


def device_busy(work: Work) -> Intervals:
    """∪ B(e) over the device's engines; host functions do not make the device busy."""
    lanes = [pair for name, pair in work.unions.items() if name != HOST]
    return union(np.concatenate([s for s, _ in lanes]), np.concatenate([e for _, e in lanes]))


def device_idle(work: Work) -> Idle:
    """W − ∪ B(e): gaps during which no engine of the device was busy."""
    return Idle(*gaps(*device_busy(work), work.window.start_ns, work.window.end_ns))


def busiest_stretch(work: Work) -> Window | None:
    """The stretch without a pause in which the device was busy longest; None without activities.

    Of a whole script it is mostly the part that the script was recorded for: start-up, loading of
    modules and waits of the host are pauses, the gaps between kernels are not.
    """
    starts, ends = device_busy(work)
    if not len(starts):
        return None
    pauses = np.flatnonzero(starts[1:] - ends[:-1] > work.window.length_ns // PAUSE_RATIO)
    first = np.concatenate(([0], pauses + 1))
    last = np.concatenate((pauses, [len(starts) - 1]))
    busiest = int(np.argmax(np.add.reduceat(ends - starts, first)))
    return Window(int(starts[first[busiest]]), int(ends[last[busiest]]))
