"""Every measure of a stretch of work, by the text that a threshold names it with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from timeline.analysis import (
    Together,
    Work,
    barriers,
    bound,
    communication,
    copies,
    device_idle,
    host_waits,
    kernel_overlap,
    launch_gaps,
    overlaps,
    summary,
    utilization,
)
from timeline.analysis.execution import execution
from timeline.check.structure import structure
from timeline.engines import SM
from timeline.findings import DETECTORS, Gains, case_of, examine

__all__ = ["Figure", "Name", "device_figures", "finding_figures", "joint_figures"]


class Name(NamedTuple):
    """A measure and what it is of: ``overlap_ratio[H2D,SM]``."""

    measure: str
    of: str = ""

    def __str__(self) -> str:
        return f"{self.measure}[{self.of}]" if self.of else self.measure


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of one stretch.

    Attributes
    ----------
    value : float or None
        In the measure's unit; None where it is undefined.
    of_ns : float or None
        Of a ratio: the time that it is a part of, ns.
    """

    value: float | None
    of_ns: float | None = None


Named = tuple[Name, Figure]


def device_figures(work: Work) -> dict[Name, Figure]:
    """Every figure of a device in a stretch of its work."""
    return dict(_device(work))


def finding_figures(work: Work, beside: Sequence[Work], *, replayed: bool) -> dict[Name, Figure]:
    """How many findings a stretch of work has, in all and of each code.

    Parameters
    ----------
    beside : sequence of Work
        What the devices of the trace, this one too, did in the same stretch.
    replayed : bool
        Whether their costs are what fixes would gain, as ``timeline findings`` has them: of a
        repeat or a whole trace. A window can't be replayed.
    """
    case = case_of(execution(work), beside)
    gains = Gains(case) if replayed else None
    found = Counter(one.code for one in examine(case, gains=gains).findings)
    counts = {Name("findings"): Figure(found.total())}
    return counts | {Name("findings", d.code): Figure(found[d.code]) for d in DETECTORS}


def joint_figures(found: Together) -> dict[Name, Figure]:
    """What is said over several devices at once."""
    makespan = found.makespan_ns
    return {
        Name("makespan"): Figure(makespan),
        Name("bound"): Figure(found.bound_ns),
        Name("pipeline_efficiency"): Figure(found.pipeline_efficiency, makespan),
    }


def _device(work: Work) -> Iterator[Named]:
    limits = bound(work)
    makespan = limits.makespan_ns
    yield Name("makespan"), Figure(makespan)
    yield Name("bound"), Figure(limits.bound_ns)
    yield Name("pipeline_efficiency"), Figure(limits.pipeline_efficiency, makespan)
    yield Name("overlap_efficiency"), Figure(limits.overlap_efficiency)
    yield from _engines(work)
    yield from _hidden(work)
    for row in summary(work):
        if row.engine == SM:
            yield Name("duration", row.name), Figure(row.total_ns)
    yield from _waits(work)
    yield from ((Name(name), Figure(count)) for name, count in structure(work))


def _engines(work: Work) -> Iterator[Named]:
    busy = {row.engine: row.busy_ns for row in utilization(work)}
    for row in utilization(work):
        yield Name("busy", row.engine), Figure(row.busy_ns)
        yield Name("busy_ratio", row.engine), Figure(row.busy_ratio, work.window.length_ns)
        yield Name("activities", row.engine), Figure(row.activities)
    for shared in overlaps(work):
        engines = ",".join(shared.engines)
        yield Name("overlap", engines), Figure(shared.overlap_ns)
        shortest = min(busy[engine] for engine in shared.engines)
        yield Name("overlap_ratio", engines), Figure(shared.ratio, shortest)


def _hidden(work: Work) -> Iterator[Named]:
    copied, talked, kernels = copies(work), communication(work), kernel_overlap(work)
    yield Name("hidden_copy_ratio"), Figure(copied.hidden_ratio, copied.copy_ns)
    yield Name("exposed_copy"), Figure(copied.exposed_ns)
    of_ns = talked.communication_ns
    yield Name("hidden_communication_ratio"), Figure(talked.hidden_ratio, of_ns)
    yield Name("exposed_communication"), Figure(talked.exposed_ns)
    yield Name("kernel_overlap_ratio"), Figure(kernels.ratio, kernels.busy_ns)


def _waits(work: Work) -> Iterator[Named]:
    gaps, held = launch_gaps(work).summary, barriers(work)
    yield Name("idle"), Figure(device_idle(work).total_ns)
    yield Name("launch_gap"), Figure(gaps.median_ns if gaps else None)
    yield Name("barrier_held"), Figure(held.held_ns if held else None)
    yield Name("host_blocked"), Figure(int(host_waits(work).blocked_ns.sum()))
