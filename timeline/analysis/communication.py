"""How much of the communication between devices was paid for by compute."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.analysis.work import Work
from timeline.engines import ENGINES, P2P, SM
from timeline.intervals import Intervals, intersect, measure, union

__all__ = ["COLLECTIVES", "Communication", "communication"]

COLLECTIVES = re.compile("nccl.*")
"""Names of kernels that communicate; they run on the SMs and compute next to nothing."""


@dataclass(frozen=True, slots=True)
class Communication:
    """Collectives and peer copies that a device runs: B(comm) = B(collectives) ∪ B(P2P).

    A peer copy belongs to the device whose copy engine does it, as the trace tells.

    Attributes
    ----------
    communication_ns : int
        |B(comm)|, ns.
    hidden_ns : int
        |B(comm) ∩ B(compute)|, ns, with B(compute) the kernels that are no collectives.
    compute_ns : int
        |B(compute)|, ns.
    """

    communication_ns: int
    hidden_ns: int
    compute_ns: int

    @property
    def hidden_ratio(self) -> float | None:
        """|B(comm) ∩ B(compute)| / |B(comm)|; None without communication."""
        return self.hidden_ns / self.communication_ns if self.communication_ns else None

    @property
    def exposed_ns(self) -> int:
        """|B(comm)| − |B(comm) ∩ B(compute)|: communication beside no computing kernel, ns."""
        return self.communication_ns - self.hidden_ns


def communication(work: Work) -> Communication:
    """Hidden and exposed communication of the device."""
    collective = collectives(work)
    on_sm = work.engine_codes == ENGINES.index(SM)
    computing = _busy(work, on_sm & ~collective)
    talking = _busy(work, (on_sm & collective) | (work.engine_codes == ENGINES.index(P2P)))
    hidden = measure(*intersect(*talking, *computing))
    return Communication(measure(*talking), hidden, measure(*computing))


def collectives(work: Work) -> npt.NDArray[np.bool_]:
    """Which activities have the name of a collective."""
    names = work.trace.names("activities", "name")
    known = [bool(COLLECTIVES.fullmatch(name)) for name in names]
    found: npt.NDArray[np.bool_] = np.array([*known, False])[work.column("name")]
    return found  # null is code -1: the last


def _busy(work: Work, rows: npt.NDArray[np.bool_]) -> Intervals:
    lo, hi = work.window.start_ns, work.window.end_ns
    return union(np.maximum(work.starts[rows], lo), np.minimum(work.ends[rows], hi))
