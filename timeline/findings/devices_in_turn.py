"""Devices that work one after the other, never together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from timeline.analysis import Work
from timeline.analysis.idle import device_busy
from timeline.findings.case import Case
from timeline.findings.detector import Detector, Evidence
from timeline.intervals import Intervals, clip, gaps, intersect, measure

__all__ = ["DETECTOR"]

TOGETHER = 0.1
"""Part of the less busy device's time beside the other up to which they count as taking turns."""

SUBSTANTIAL = 0.2
"""Part of the makespan that each must be busy."""


def find(case: Case) -> Iterator[Evidence | str]:
    """Cost: makespan over all devices, less the busy time of the busiest."""
    works = (case.work, *case.others)
    if len(works) < 2 or case.work.device != min(work.device for work in works):
        return  # told once, on the first device
    begin = min(work.window.start_ns for work in works)
    end = max(work.window.end_ns for work in works)
    busy = [device_busy(work) for work in works]
    length = [measure(*one) for one in busy]
    if min(length) < SUBSTANTIAL * (end - begin):
        return
    for place, one in enumerate(busy):
        for other in busy[:place]:
            if measure(*intersect(*one, *other)) > TOGETHER * min(measure(*one), measure(*other)):
                return
    starts, ends = _turns(case.work, begin, end)
    yield Evidence(
        np.full(len(starts), -1),
        starts,
        ends,
        ends - starts,
        end - begin - max(length),
        "busy",
        "makespan over all devices, less the busy time of the busiest",
        f"{len(works)} devices took turns: each was idle while another worked",
        calls=np.full(len(starts), -1),
    )


def _turns(work: Work, begin: int, end: int) -> Intervals:
    """When the device was idle."""
    return gaps(*clip(*device_busy(work), begin, end), begin, end)


DETECTOR = Detector(
    "devices-in-turn",
    "devices work one after the other",
    "Let the next batch enter the first device as soon as it is free, and hand over with "
    "cudaMemcpyPeerAsync in a stream of its own, ordered by cudaEventRecord and "
    "cudaStreamWaitEvent.",
    "p2p_pipeline",
    None,
    find,
)
