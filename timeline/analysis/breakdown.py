"""What the time of a device went to, without counting any twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from timeline.analysis.communication import busy_of, collectives
from timeline.analysis.selection import Selection
from timeline.analysis.work import Work
from timeline.engines import D2D, D2H, ENGINES, H2D, HOST, MEMSET, P2P, SM
from timeline.intervals import Intervals, gaps, measure, union

__all__ = ["Breakdown", "breakdown"]

_MEMORY = (H2D, D2H, D2D, MEMSET)


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Parts of the window W that add up to it.

    Attributes
    ----------
    compute_ns : int
        |B(compute)|: kernels that don't communicate, whatever ran beside them, ns.
    exposed_communication_ns : int
        |B(comm) − B(compute)|, ns.
    exposed_memory_ns : int
        |B(memory) − B(compute) − B(comm)|: copies, except between devices, and memsets, ns.
    other_ns : int
        Busy with none of these: launches of graphs that were traced as one row, and activities of
        no known engine, ns.
    idle_ns : int
        |W − ∪ B(e)|, ns; host functions do not make the device busy.
    """

    compute_ns: int
    exposed_communication_ns: int
    exposed_memory_ns: int
    other_ns: int
    idle_ns: int

    @property
    def window_ns(self) -> int:
        """|W|, ns: the sum of the parts."""
        return self.non_compute_ns + self.compute_ns + self.idle_ns

    @property
    def non_compute_ns(self) -> int:
        """Busy, but not computing, ns."""
        return self.exposed_communication_ns + self.exposed_memory_ns + self.other_ns


def breakdown(work: Work, also: Selection | None = None) -> Breakdown:
    """The parts of the window.

    Parameters
    ----------
    also : Selection, optional
        Kernels that communicate besides those of
        :func:`timeline.analysis.communication.collectives`.
    """
    codes, talk = work.engine_codes, collectives(work, also)
    on_sm = codes == ENGINES.index(SM)
    layers = (
        on_sm & ~talk,
        (on_sm & talk) | (codes == ENGINES.index(P2P)),
        np.isin(codes, [ENGINES.index(name) for name in _MEMORY]),
        codes != ENGINES.index(HOST),
    )
    reached: Intervals = (np.zeros(0, np.int64), np.zeros(0, np.int64))
    parts: list[int] = []
    for rows in layers:
        before = measure(*reached)
        starts, ends = busy_of(work, rows)
        reached = union(np.concatenate((reached[0], starts)), np.concatenate((reached[1], ends)))
        parts.append(measure(*reached) - before)
    idle = gaps(*reached, work.window.start_ns, work.window.end_ns)
    compute, talking, moving, other = parts
    return Breakdown(compute, talking, moving, other, measure(*idle))
