"""What a report holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from timeline.analysis import (
    Barriers,
    Bound,
    Breakdown,
    Communication,
    Copies,
    CriticalPath,
    DependentLaunches,
    GapSummary,
    Group,
    GroupOverlap,
    HostWaits,
    Idle,
    IdleCauses,
    InsideKernel,
    KernelOverlap,
    NameSummary,
    Overlap,
    Spread,
    StampAgreement,
    Together,
    Utilization,
    Window,
)
from timeline.findings import Finding, Unknown
from timeline.trace import Trace

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["DeviceReport", "Report"]


@dataclass(frozen=True, eq=False, slots=True)
class DeviceReport:
    """The measures of one device; see :mod:`timeline.analysis` for each.

    Attributes
    ----------
    device : int
        Its number; -1 when the trace names no device.
    name : str
        Its name, or "".
    launch_gaps : GapSummary or None
        Between kernels; None without two in a row on a stream.
    groups : tuple of Group
        Those that the user named, with ``group_overlaps`` of each two.
    barriers : Barriers or None
        None when the trace can't tell.
    critical_path : CriticalPath or None
        As it was taken; None for more than :data:`timeline.report.build.MOST_EXPLAINED` activities.
    idle_causes : tuple of IdleCauses
        One an engine, in the order of ``utilization``; empty like ``critical_path``.
    findings : tuple of Finding
        What cost time, the costliest first; empty like ``critical_path``.
    unknown : tuple of Unknown
        Causes that the trace can't tell about.
    makespan_spread : Spread or None
        Of the makespan over the repeats, ns; None without repeats.
    """

    device: int
    name: str
    window: Window
    bound: Bound
    copies: Copies
    communication: Communication
    breakdown: Breakdown
    groups: tuple[Group, ...]
    group_overlaps: tuple[GroupOverlap, ...]
    utilization: tuple[Utilization, ...]
    overlaps: tuple[Overlap, ...]
    concurrency_ns: tuple[int, ...]
    kernel_overlap: KernelOverlap
    idle: Idle
    launch_gaps: GapSummary | None
    barriers: Barriers | None
    host_waits: HostWaits
    dependent_launches: DependentLaunches
    stamps: StampAgreement | None
    inside: tuple[InsideKernel, ...]
    summary: tuple[NameSummary, ...]
    critical_path: CriticalPath | None
    idle_causes: tuple[IdleCauses, ...]
    findings: tuple[Finding, ...]
    unknown: tuple[Unknown, ...]
    makespan_spread: Spread | None


@dataclass(frozen=True, eq=False, slots=True)
class Report:
    """The measures of a trace.

    Attributes
    ----------
    name : str
        What the trace is called: technique and variant, or what the caller gave.
    devices : tuple of DeviceReport
        One for each device that has activities; devices are never merged.
    repeat : int or None
        The repeat that was measured, counted from 0: that of median makespan.
    notes : tuple of str
        What the reader must know: notes of the trace, and what could not be measured.
    windowed : bool
        A window was asked for: the makespan is its length.
    together : Together or None
        Over all devices; None with fewer than two.
    """

    name: str
    trace: Trace
    devices: tuple[DeviceReport, ...]
    repeat: int | None
    notes: tuple[str, ...]
    windowed: bool = False
    together: Together | None = None

    def to_json(self) -> dict[str, Any]:
        """As a JSON object; times in ns, undefined figures null."""
        from timeline.report.as_json import as_json

        return as_json(self)

    def print(self, console: Console | None = None) -> None:
        """Print as tables, by default to stdout."""
        from timeline.report.text import print_report

        print_report(self, console)

    def __str__(self) -> str:
        from timeline.report.text import report_text

        return report_text(self)
