"""Measures of a trace: pure functions that read a :class:`Work` and return figures.

A :class:`Work` holds the activities of one device in one window; devices are never merged. B(e)
stands for the union of the intervals in which engine e was busy within the window W, and |·| for
length in ns. A figure that is undefined, or that the trace can't tell, is None, never 0.
"""

from timeline.analysis.barriers import Barriers, barriers
from timeline.analysis.bounds import Bound, bound
from timeline.analysis.breakdown import Breakdown, breakdown
from timeline.analysis.communication import Communication, communication
from timeline.analysis.copies import Copies, copies
from timeline.analysis.critical_path import CriticalPath, critical_path
from timeline.analysis.groups import Group, GroupOverlap, group_overlaps, groups
from timeline.analysis.host_waits import HostWaits, host_waits
from timeline.analysis.idle import Idle, busiest_stretch, device_idle, engine_idle
from timeline.analysis.idle_causes import CAUSES, IdleCauses, idle_causes
from timeline.analysis.inside_kernels import InsideKernel, inside_kernels
from timeline.analysis.kernel_overlap import KernelOverlap, kernel_overlap
from timeline.analysis.launch_gaps import GapSummary, LaunchGaps, launch_gaps
from timeline.analysis.overlap import Overlap, overlap, overlaps
from timeline.analysis.pdl import DependentLaunches, dependent_launches
from timeline.analysis.selection import Selection
from timeline.analysis.slack import slack_ns
from timeline.analysis.sm_blocks import SmBlocks, sm_blocks
from timeline.analysis.spread import Spread, spread
from timeline.analysis.stamp_cost import StampCost, stamp_cost
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
    "Breakdown",
    "Communication",
    "Copies",
    "CriticalPath",
    "DependentLaunches",
    "GapSummary",
    "Group",
    "GroupOverlap",
    "HostWaits",
    "Idle",
    "IdleCauses",
    "InsideKernel",
    "KernelOverlap",
    "LaunchGaps",
    "NameSummary",
    "Overlap",
    "Selection",
    "SmBlocks",
    "Spread",
    "StampAgreement",
    "StampCost",
    "Together",
    "Utilization",
    "Window",
    "Work",
    "barriers",
    "bound",
    "breakdown",
    "busiest_stretch",
    "communication",
    "copies",
    "critical_path",
    "dependent_launches",
    "device_idle",
    "devices",
    "engine_idle",
    "group_overlaps",
    "groups",
    "host_waits",
    "idle_causes",
    "inside_kernels",
    "kernel_overlap",
    "launch_gaps",
    "makespans_ns",
    "median_repeat",
    "overlap",
    "overlaps",
    "slack_ns",
    "sm_blocks",
    "spread",
    "stamp_agreement",
    "stamp_cost",
    "summary",
    "together",
    "utilization",
    "work_of",
]
