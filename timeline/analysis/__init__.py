"""Measures of a trace: pure functions that read a :class:`Work` and return figures.

A :class:`Work` holds the activities of one device in one window; devices are never merged. B(e)
stands for the union of the intervals in which engine e was busy within the window W, and |·| for
length in ns. A figure that is undefined, or that the trace can't tell, is None, never 0.
"""

from timeline.analysis.barriers import Barriers, barriers
from timeline.analysis.bounds import Bound, bound
from timeline.analysis.communication import Communication, communication
from timeline.analysis.copies import Copies, copies
from timeline.analysis.critical_path import CriticalPath, critical_path
from timeline.analysis.host_waits import HostWaits, host_waits
from timeline.analysis.idle import Idle, busiest_stretch, device_idle, engine_idle
from timeline.analysis.idle_causes import CAUSES, IdleCauses, idle_causes
from timeline.analysis.launch_gaps import GapSummary, LaunchGaps, launch_gaps
from timeline.analysis.overlap import Overlap, overlap, overlaps
from timeline.analysis.pdl import DependentLaunches, dependent_launches
from timeline.analysis.slack import slack_ns
from timeline.analysis.spread import Spread, spread
from timeline.analysis.summary import NameSummary, summary
from timeline.analysis.time_sources import StampAgreement, stamp_agreement
from timeline.analysis.together import Together, together
from timeline.analysis.utilization import Utilization, utilization
from timeline.analysis.windows import Window, devices, makespans_ns, median_repeat
from timeline.analysis.work import Work, work_of

__all__ = [
    "CAUSES",
    "Barriers",
    "Bound",
    "Communication",
    "Copies",
    "CriticalPath",
    "DependentLaunches",
    "GapSummary",
    "HostWaits",
    "Idle",
    "IdleCauses",
    "LaunchGaps",
    "NameSummary",
    "Overlap",
    "Spread",
    "StampAgreement",
    "Together",
    "Utilization",
    "Window",
    "Work",
    "barriers",
    "bound",
    "busiest_stretch",
    "communication",
    "copies",
    "critical_path",
    "dependent_launches",
    "device_idle",
    "devices",
    "engine_idle",
    "host_waits",
    "idle_causes",
    "launch_gaps",
    "makespans_ns",
    "median_repeat",
    "overlap",
    "overlaps",
    "slack_ns",
    "spread",
    "stamp_agreement",
    "summary",
    "together",
    "utilization",
    "work_of",
]
