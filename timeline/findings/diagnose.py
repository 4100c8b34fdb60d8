"""Findings of a trace."""

from __future__ import annotations

from timeline.analysis import Window, devices, median_repeat, work_of
from timeline.analysis.execution import execution
from timeline.errors import UsageError
from timeline.findings.case import case_of
from timeline.findings.examine import examine
from timeline.findings.gains import Gains
from timeline.findings.model import LEAST_SHARE, Diagnosis, Finding
from timeline.trace import Trace

__all__ = ["diagnose", "findings"]


def findings(
    trace: Trace, device: int | None = None, repeat: int | None = None
) -> tuple[Finding, ...]:
    """What cost time in a trace, and what would mend it, the costliest first.

    Parameters
    ----------
    device : int, optional
        Look at this one; by default at all of them.
    repeat : int, optional
        Look at this repeat; by default at the one of median makespan, or at all of a trace without
        repeats.

    Raises
    ------
    UsageError
        For a device that has no activities, or a repeat that the trace does not have.
    """
    return diagnose(trace, device, repeat).findings


def diagnose(
    trace: Trace,
    device: int | None = None,
    repeat: int | None = None,
    *,
    window: tuple[int, int] | None = None,
    least: float = LEAST_SHARE,
) -> Diagnosis:
    """Findings of a trace, and what it lacks to tell.

    Parameters
    ----------
    device, repeat : int, optional
        See :func:`findings`.
    window : (int, int), optional
        Trace time, ns: look at what lies in it, instead of a repeat.
    least : float
        Share of the makespan from which a cost is worth a finding.

    Raises
    ------
    UsageError
        As :func:`findings`; for a window that ends before it starts; for a share below 0.
    """
    if not least >= 0:
        raise UsageError(f"a least share of {least}; it must be 0 or more")
    known = devices(trace)
    if device is not None and device not in known:
        there = ", ".join(map(str, known)) or "none"
        raise UsageError(f"no activities on device {device}; devices with activities: {there}")
    span = Window(*window) if window is not None else None
    if repeat is None and span is None:
        repeat = median_repeat(trace)
    chosen = known if device is None else (device,)
    works = [work_of(trace, each, window=span, repeat=repeat) for each in known]
    parts = []
    for case in (case_of(execution(work), works) for work in works if work.device in chosen):
        gains = Gains(case) if span is None else None
        parts.append(examine(case, least, gains=gains))
    found = sorted((one for part in parts for one in part.findings), key=lambda one: -one.cost_ns)
    return Diagnosis(tuple(found), tuple(note for part in parts for note in part.unknown))
