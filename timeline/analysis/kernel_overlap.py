"""How long kernels ran beside other kernels of the same device."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from timeline.analysis.work import Work
from timeline.engines import ENGINES, SM
from timeline.intervals import depth_histogram

__all__ = ["KernelOverlap", "kernel_overlap"]


@dataclass(frozen=True, slots=True)
class KernelOverlap:
    """Time in which kernels ran, alone and together.

    Attributes
    ----------
    busy_ns : int
        |B(SM)|, ns.
    shared_ns : int
        Time within the window in which at least two kernels ran, ns.
    """

    busy_ns: int
    shared_ns: int

    @property
    def ratio(self) -> float | None:
        """Part of the busy time that was shared; None without kernels."""
        return self.shared_ns / self.busy_ns if self.busy_ns else None


def kernel_overlap(work: Work) -> KernelOverlap:
    """Time with one kernel at least, and with two at least, whatever their streams."""
    mine = np.flatnonzero(work.engine_codes == ENGINES.index(SM))
    start = np.maximum(work.starts[mine], work.window.start_ns)
    end = np.minimum(work.ends[mine], work.window.end_ns)
    open_ns = depth_histogram(start, np.maximum(start, end))
    return KernelOverlap(int(open_ns[1:].sum()), int(open_ns[2:].sum()))
