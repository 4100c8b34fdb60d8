"""A run as a whole, over all its devices: what tables of runs compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from timeline.analysis import devices, work_of
from timeline.engines import SM
from timeline.intervals import depth_histogram
from timeline.report.build import report
from timeline.report.model import Report
from timeline.trace import Trace

__all__ = ["NOTABLE", "OVERLAPS", "Totals", "totals"]

NOTABLE = 20
"""Copies matter when they take more than this part of the time."""

OVERLAPS = ("copies", "kernels", "devices", "communication")
"""The overlap ratios of :class:`Totals`."""


@dataclass(frozen=True, eq=False, slots=True)
class Totals:
    """Measures of the repeat of median makespan; of several devices, those of ``together``.

    Attributes
    ----------
    makespan_ns : int
        From the first start to the last end on any device.
    bound_ns : int
        The highest bound of its devices: no schedule of this work is shorter.
    copies, kernels, devices, communication : float or None
        Overlap ratios: of copy time that ran beside kernels of the same device; of kernel time that
        ran beside other kernels of the same device; of kernel time that ran beside kernels of
        another device; of collectives and peer copies that ran beside computing kernels, on the
        device where least did. None where there is nothing to overlap.
    """

    report: Report
    makespan_ns: int
    bound_ns: int
    copies: float | None
    kernels: float | None
    devices: float | None
    communication: float | None

    @property
    def pipeline_efficiency(self) -> float | None:
        """What the bound is of the makespan; None without activities."""
        return self.bound_ns / self.makespan_ns if self.makespan_ns else None


def totals(trace: Trace) -> Totals:
    """Measure a run over all its devices."""
    found = report(trace)
    bounds = [one.bound for one in found.devices]
    single = bounds[0] if bounds else None
    overall = found.together or single
    makespan_ns = overall.makespan_ns if overall else 0
    return Totals(
        found,
        makespan_ns,
        overall.bound_ns if overall else 0,
        _copies(found, makespan_ns),
        _ratio(
            sum(one.kernel_overlap.shared_ns for one in found.devices),
            sum(one.kernel_overlap.busy_ns for one in found.devices),
        ),
        _devices(found),
        found.together.hidden_communication_ratio if found.together else None,
    )


def _copies(found: Report, makespan_ns: int) -> float | None:
    """None as well where copies hardly matter."""
    copied = sum(one.copies.copy_ns for one in found.devices)
    if NOTABLE * copied < makespan_ns:
        return None
    return _ratio(sum(one.copies.hidden_ns for one in found.devices), copied)


def _devices(found: Report) -> float | None:
    works = (work_of(found.trace, n, repeat=found.repeat) for n in devices(found.trace))
    unions = [work.unions[SM] for work in works]
    if len(unions) < 2:
        return None
    starts, ends = (np.concatenate(columns) for columns in zip(*unions, strict=True))
    open_ns = depth_histogram(starts, ends)
    return _ratio(int(open_ns[2:].sum()), int(open_ns[1:].sum()))


def _ratio(part: int, of: int) -> float | None:
    return part / of if of else None
