"""What a baseline holds and a threshold can name: one entry a measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["MEASURES", "Measure", "Unit"]

Unit = Literal["ns", "ratio", "count"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure by its name.

    Attributes
    ----------
    worse : int
        +1: a higher figure is worse; -1: a lower one; 0: neither.
    doc : str
        What it is, in a line; the formula is in :mod:`timeline.analysis`.
    of : str
        What may stand in brackets behind the name: ``engine``, ``engines``, ``kernel`` or
        ``finding``; "" for nothing.
    default : str
        The threshold that holds where nobody sets one, as it is written behind the name; "" where
        the measure is only checked on request.
    """

    name: str
    unit: Unit
    worse: int
    doc: str
    of: str = ""
    default: str = ""


_TIME, _RATIO = ": +3%", ": -0.03"

_ALL = (
    Measure("makespan", "ns", +1, "first start to last end", default=_TIME),
    Measure("bound", "ns", 0, "no schedule of this work is shorter"),
    Measure("pipeline_efficiency", "ratio", -1, "bound / makespan", default=_RATIO),
    Measure("overlap_efficiency", "ratio", -1, "part of the possible overlap that was had"),
    Measure("busy", "ns", +1, "time in which the engine was busy", "engine", _TIME),
    Measure("busy_ratio", "ratio", -1, "busy time / makespan", "engine"),
    Measure("activities", "count", 0, "activities on the engine", "engine"),
    Measure("overlap", "ns", -1, "time in which all of the engines were busy", "engines"),
    Measure("overlap_ratio", "ratio", -1, "overlap / the shorter busy time", "engines", _RATIO),
    Measure("hidden_copy_ratio", "ratio", -1, "copy time beside kernels", default=_RATIO),
    Measure("exposed_copy", "ns", +1, "copy time beside no kernel"),
    Measure(
        "hidden_communication_ratio", "ratio", -1, "communication beside kernels", default=_RATIO
    ),
    Measure("exposed_communication", "ns", +1, "communication beside no computing kernel"),
    Measure("kernel_overlap_ratio", "ratio", -1, "kernel time beside kernels", default=_RATIO),
    Measure("duration", "ns", +1, "durations of all launches of a kernel", "kernel", _TIME),
    Measure("idle", "ns", +1, "time in which no engine was busy"),
    Measure("launch_gap", "ns", +1, "median gap between kernels of a stream"),
    Measure("barrier_held", "ns", +1, "streams held by the legacy default stream", default=_TIME),
    Measure("host_blocked", "ns", +1, "host in calls that wait"),
    Measure("streams", "count", -1, "streams with work", default=": -0"),
    Measure("event_waits", "count", -1, "waits of streams for events", default=": -0"),
    Measure("pageable_copies", "count", +1, "copies of pageable memory", default=": +0"),
    Measure("legacy_launches", "count", +1, "work in the legacy default stream", default=": +0"),
    Measure("host_syncs", "count", +1, "stream and device synchronisations", default=": +0"),
    Measure("blocking_allocs", "count", +1, "cudaMalloc and cudaFree", default=": +0"),
    Measure("findings", "count", +1, "causes that cost time, in all and by code", "finding"),
    Measure("dropped", "count", +1, "records that the collector lost", default=" == 0"),
)

MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in _ALL}
"""By name, in the order in which they are reported."""
