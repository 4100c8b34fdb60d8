"""How much of the communication between devices was paid for by compute."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.analysis.selection import Selection
from timeline.analysis.work import Work
from timeline.engines import ENGINES, P2P, SM
from timeline.intervals import Intervals, intersect, measure, union

__all__ = ["COLLECTIVES", "Communication", "busy_of", "collectives", "communication"]

Mask = npt.NDArray[np.bool_]

COLLECTIVES = re.compile(
    r"(?is).*(nccl|rccl|nvshmem|all_?reduce|all_?gather|reduce_?scatter|all_?to_?all|"
    r"cross_device_reduce).*"
)
"""Names of kernels that communicate: those of NCCL, RCCL, MSCCL, MSCCL++ and NVSHMEM, of PyTorch's
symmetric memory (``multimem_all_reduce``, ``two_shot_all_reduce``, …) and of serving engines'
own. They run on the SMs and compute next to nothing."""

_LOOKED_AT = 1 << 14
"""Characters of a name that are looked at; a hostile one may have millions."""


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


def communication(work: Work, also: Selection | None = None) -> Communication:
    """Hidden and exposed communication of the device.

    Parameters
    ----------
    also : Selection, optional
        Kernels that communicate besides those of :func:`collectives`.
    """
    collective = collectives(work, also)
    on_sm = work.engine_codes == ENGINES.index(SM)
    computing = busy_of(work, on_sm & ~collective)
    talking = busy_of(work, (on_sm & collective) | (work.engine_codes == ENGINES.index(P2P)))
    hidden = measure(*intersect(*talking, *computing))
    return Communication(measure(*talking), hidden, measure(*computing))


def collectives(work: Work, also: Selection | None = None) -> Mask:
    """Which activities communicate: by name, by the arguments of a collective, or as told.

    Parameters
    ----------
    also : Selection, optional
        More of them.
    """
    names = work.trace.names("activities", "name")
    known = [bool(COLLECTIVES.match(name, 0, _LOOKED_AT)) for name in names]
    found: Mask = np.array([*known, False])[work.column("name")]  # null is code -1: the last
    found = found | _with_arguments(work)
    return found if also is None else found | also.rows(work)


def _with_arguments(work: Work) -> Mask:
    """Activities that the trace keeps a collective's arguments of."""
    keys = ("start", "stream", "correlation")
    told = [work.trace.column("collectives", key) for key in keys]
    origins = work.trace.names("collectives", "origin")
    if "activity" not in origins:
        return np.zeros(len(work.rows), np.bool_)
    of_work = work.trace.column("collectives", "origin") == origins.index("activity")
    found = np.isin(work.starts, told[0][of_work])
    wanted = set(zip(*(column[of_work].tolist() for column in told), strict=True))
    rows = np.flatnonzero(found)
    mine = zip(*(work.column(key)[rows].tolist() for key in keys), strict=True)
    found[rows] = [each in wanted for each in mine]
    return np.asarray(found)


def busy_of(work: Work, rows: Mask) -> Intervals:
    """B of some activities, within the window."""
    lo, hi = work.window.start_ns, work.window.end_ns
    return union(np.maximum(work.starts[rows], lo), np.minimum(work.ends[rows], hi))
