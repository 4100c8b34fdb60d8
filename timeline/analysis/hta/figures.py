"""The figures that HTA gives, and how it gives them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Figures"]


@dataclass(frozen=True, slots=True)
class Figures:
    """One row of ``get_temporal_breakdown`` with that of ``get_comm_comp_overlap``, in ns.

    Attributes
    ----------
    idle_ns, compute_ns, kernel_ns : int
        ``idle_time``, ``compute_time`` and ``kernel_time`` (first start to last end).
    communication_ns : int
        Length of the merged communication kernels.
    overlap_ns : int
        Length of these beside computation kernels.
    """

    idle_ns: int
    compute_ns: int
    kernel_ns: int
    communication_ns: int
    overlap_ns: int

    @property
    def non_compute_ns(self) -> int:
        """``non_compute_time``: the rest."""
        return self.kernel_ns - self.compute_ns - self.idle_ns

    @property
    def percentages(self) -> tuple[float | None, float | None, float | None]:
        """``idle_time_pctg``, ``compute_time_pctg``, ``non_compute_time_pctg``."""
        return (
            _percentage(self.idle_ns, self.kernel_ns),
            _percentage(self.compute_ns, self.kernel_ns),
            _percentage(self.non_compute_ns, self.kernel_ns),
        )

    @property
    def overlap_percentage(self) -> float | None:
        """``comp_comm_overlap_pctg``; None where HTA prints NaN: without communication."""
        return _percentage(self.overlap_ns, self.communication_ns)

    @property
    def refused(self) -> bool:
        """Whether HTA stops with an assertion instead: a part is longer than the whole."""
        longest = max(self.idle_ns, self.compute_ns)
        return longest > self.kernel_ns or self.non_compute_ns < 0


def _percentage(part: int, whole: int) -> float | None:
    """Rounded as HTA rounds it."""
    return float(np.round(100 * (part / whole), 2)) if whole else None
