"""Measuring a trace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from timeline.analysis import (
    Selection,
    Spread,
    Window,
    Work,
    barriers,
    bound,
    breakdown,
    busiest_stretch,
    communication,
    copies,
    dependent_launches,
    device_idle,
    devices,
    group_overlaps,
    groups,
    host_waits,
    inside_kernels,
    kernel_overlap,
    launch_gaps,
    median_repeat,
    overlaps,
    spread,
    stamp_agreement,
    summary,
    together,
    utilization,
    work_of,
)
from timeline.analysis.execution import execution
from timeline.findings import Diagnosis, Gains, case_of, examine
from timeline.report.model import DeviceReport, Report
from timeline.report.units import percent_text
from timeline.trace import Trace

__all__ = ["MOST_EXPLAINED", "report"]

MOST_EXPLAINED = 1_000_000
"""Activities of a device up to which the critical path and the causes of idle time are worked out:
some 4 µs each (``benchmarks/why.py``)."""


def report(
    trace: Trace,
    window: tuple[int, int] | None = None,
    *,
    repeat: int | None = None,
    name: str = "",
    communicating: Selection | None = None,
    chosen: Mapping[str, Selection] | None = None,
) -> Report:
    """Measure each device of a trace.

    Parameters
    ----------
    window : (int, int), optional
        Trace time, ns: measure what lies inside it, and take its length for the makespan.
    repeat : int, optional
        Measure this repeat. Without it and without a window: the repeat of median makespan, or all
        of a trace that has no repeats.
    name : str, optional
        What to call the trace; by default its technique and variant.
    communicating : Selection, optional
        Kernels that communicate, besides those known by their names or arguments.
    chosen : mapping of str to Selection, optional
        Groups of activities to hold against one another, by name.

    Raises
    ------
    UsageError
        For a window that ends before it starts, or a repeat that the trace doesn't have.
    """
    if window is None and repeat is None:
        repeat = median_repeat(trace)
    span = Window(*window) if window is not None else None
    works = [work_of(trace, device, window=span, repeat=repeat) for device in devices(trace)]
    measured = tuple(
        _device(work, works, communicating, chosen or {}, windowed=span is not None)
        for work in works
    )
    found = [*trace.meta.notes, *_notes(trace, works, measured)]
    if window is None and repeat is None:
        found += [text for work in works for text in _mostly_idle(work)]
    notes = dict.fromkeys(found)
    return Report(
        name or _name(trace),
        trace,
        measured,
        repeat,
        tuple(notes),
        windowed=span is not None,
        together=together(
            works, [one.bound for one in measured], [one.communication for one in measured]
        ),
    )


def _device(
    work: Work,
    works: list[Work],
    communicating: Selection | None,
    chosen: Mapping[str, Selection],
    *,
    windowed: bool,
) -> DeviceReport:
    known = {device.id: device.name for device in work.trace.meta.devices}
    why = case_of(execution(work), works) if len(work.rows) <= MOST_EXPLAINED else None
    found = Diagnosis((), ())
    if why is not None:
        found = examine(why, gains=None if windowed else Gains(why))
    return DeviceReport(
        device=work.device,
        name=known.get(work.device, ""),
        window=work.window,
        bound=bound(work),
        copies=copies(work),
        communication=communication(work, communicating),
        breakdown=breakdown(work, communicating),
        groups=groups(work, chosen),
        group_overlaps=group_overlaps(work, chosen),
        utilization=utilization(work),
        overlaps=overlaps(work),
        concurrency_ns=tuple(work.coverage.concurrency_ns().tolist()),
        kernel_overlap=kernel_overlap(work),
        idle=device_idle(work),
        launch_gaps=launch_gaps(work).summary,
        barriers=barriers(work),
        host_waits=host_waits(work),
        dependent_launches=dependent_launches(work),
        stamps=stamp_agreement(work),
        inside=inside_kernels(work),
        summary=summary(work),
        critical_path=None if why is None else why.path,
        idle_causes=() if why is None else tuple(why.idle.values()),
        findings=found.findings,
        unknown=found.unknown,
        makespan_spread=None if windowed else _spread(work),
    )


def _spread(work: Work) -> Spread | None:
    """Of the device's own makespans over the repeats, ns."""
    found = []
    for repeat in range(len(work.trace.meta.repeats)):
        other = work_of(work.trace, work.device, repeat=repeat)
        found.append(other.window.length_ns if len(other.rows) else None)
    return spread(found)


def _name(trace: Trace) -> str:
    labels = (trace.meta.labels.get(key) for key in ("technique", "variant"))
    return " / ".join(str(label) for label in labels if label)


def _notes(trace: Trace, works: list[Work], measured: tuple[DeviceReport, ...]) -> Iterator[str]:
    if trace.meta.dropped:
        yield f"{trace.meta.dropped:,} records were lost: busy times and overlaps are too low."
    device = trace.column("activities", "device")
    lost = int((device < 0).sum())
    if lost and len(works) > 1:
        yield f"{lost:,} activities name no device and are left out."
    nowhere = sum(int((work.engine_codes < 0).sum()) for work in works)
    if nowhere:
        yield f"{nowhere:,} activities are on no known engine and are left out of all engines."
    if any("GRAPH" in work.counts for work in works):
        yield "Graph launches were traced as one row each: what ran inside them is not known."
    for one in measured:
        yield from one.bound.notes
        if one.critical_path is None:
            yield (
                f"Device {one.device} has more than {MOST_EXPLAINED:,} activities: what it waited "
                "for is left out. Choose a window."
            )
    if any(one.barriers is None for one in measured) and _has_streams(trace):
        yield "Barriers can't be measured: the trace lacks calls or correlation ids."


def _mostly_idle(work: Work) -> Iterator[str]:
    """Of a whole script: where to look, if most of its time is start-up."""
    idle, busiest = device_idle(work).total_ns, busiest_stretch(work)
    if busiest is None or idle <= work.window.length_ns // 2 or busiest == work.window:
        return
    first = work.trace.span[0]
    start = (busiest.start_ns - first) // 1000
    end = -(-(busiest.end_ns - first) // 1000)
    yield (
        f"Device {work.device} was idle for {percent_text(idle / work.window.length_ns)} of the "
        "time, which is in the makespan and in what is derived from it. The busiest stretch alone: "
        f"window {start / 1000:.3f}ms:{end / 1000:.3f}ms."
    )


def _has_streams(trace: Trace) -> bool:
    return bool(np.any(trace.column("streams", "kind") >= 0))
