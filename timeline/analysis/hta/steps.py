"""From the exact figures to HTA's, one of its choices after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.analysis.communication import collectives
from timeline.analysis.hta.figures import Figures
from timeline.analysis.hta.merging import as_hta, by_chance_us, exactly
from timeline.analysis.hta.rows import (
    COMMUNICATION,
    COMPUTATION,
    MEMORY,
    OTHER,
    GpuRows,
    carrying_stream,
    clock_offset_ns,
    floats_us,
)
from timeline.analysis.selection import Selection
from timeline.analysis.windows import devices
from timeline.analysis.work import work_of
from timeline.intervals import Int64
from timeline.trace import Trace

__all__ = ["EXACT", "ROUNDED", "Step", "steps"]

EXACT, ROUNDED = "exact", "rounded"
_KINDS = {"kernel": COMPUTATION, "memcpy": MEMORY, "memset": MEMORY}
_PROFILER_STEP = "ProfilerStep"


@dataclass(frozen=True, slots=True)
class Step:
    """The figures after a choice of HTA's.

    Attributes
    ----------
    name : str
        :data:`EXACT`, ``without stream``, ``by name``, ``synchronisations``, ``host ranges``,
        ``last step`` or :data:`ROUNDED`, in this order; the first and the last are always there,
        the others where they change which rows count, or as what.
    rows : int
        How many rows it concerns; of the first, all that there are, of the last, those that are
        left without a length.
    by_chance_us : int
        See :func:`timeline.analysis.hta.merging.by_chance_us`; of the last step.
    """

    name: str
    rows: int
    figures: Figures
    by_chance_us: int = 0


def steps(trace: Trace, also: Selection | None = None) -> tuple[Step, ...]:
    """The exact figures over all devices, then those after each choice; HTA's own are the last.

    Parameters
    ----------
    also : Selection, optional
        Kernels that communicate, in the exact figures, besides those known by name or arguments.
    """
    return tuple(_steps(trace, also))


def _steps(trace: Trace, also: Selection | None) -> Iterator[Step]:
    exact = _exact_rows(trace, also)
    yield Step(EXACT, len(exact.starts), exactly(exact))
    streamed = trace.column("activities", "stream") >= 0
    if not streamed.all():
        yield Step("without stream", int((~streamed).sum()), exactly(exact.of(streamed)))
    rows = carrying_stream(trace, "activities")
    renamed = int((rows.kinds != exact.kinds[streamed]).sum())
    if renamed:
        yield Step("by name", renamed, exactly(rows))
    for name, table in (("synchronisations", "syncs"), ("host ranges", "ranges")):
        more = carrying_stream(trace, table)
        if len(more.starts):
            rows = rows.plus(more)
            yield Step(name, len(more.starts), exactly(rows))
    begins_us = _last_step_us(trace)
    if begins_us is not None:
        kept = rows.of(_before(trace, rows, begins_us))
        yield Step("last step", len(rows.starts) - len(kept.starts), exactly(kept))
        rows = kept
    starts_us, ends_us = rows.rounded_us()
    lost = int((ends_us <= starts_us).sum())
    yield Step(ROUNDED, lost, as_hta(rows), by_chance_us(rows))


def _exact_rows(trace: Trace, also: Selection | None) -> GpuRows:
    """All activities by what they are."""
    names = [_KINDS.get(kind, OTHER) for kind in trace.names("activities", "kind")]
    kinds = np.array([*names, OTHER], np.int8)[trace.column("activities", "kind")]
    for device in devices(trace):
        work = work_of(trace, device)
        mine = work.rows[collectives(work, also)]
        kinds[mine[kinds[mine] == COMPUTATION]] = COMMUNICATION
    return GpuRows(
        trace.column("activities", "start"),
        trace.column("activities", "end"),
        kinds,
        trace.column("activities", "correlation"),
        clock_offset_ns(trace),
    )


def _last_step_us(trace: Trace) -> int | None:
    """Where HTA cuts: the last start of a profiler's step; None with fewer than two steps."""
    names: set[str] = set()
    starts: list[Int64] = []
    for table in ("ranges", "device_ranges"):
        known = trace.names(table, "name")
        steps_of = np.array([*(_PROFILER_STEP in name for name in known), False])
        codes = trace.column(table, "name")
        mine = steps_of[codes]
        names |= {known[code] for code in np.unique(codes[mine]).tolist()}
        starts.append(trace.column(table, "start")[mine])
    found = np.concatenate(starts)
    return int(_ceil_us(trace, found).max()) if len(names) > 1 else None


def _before(trace: Trace, rows: GpuRows, begins_us: int) -> npt.NDArray[np.bool_]:
    """Rows that were issued before the last step, or began before it if nothing says when."""
    issued = _ceil_us(trace, trace.column("calls", "start")) < begins_us
    known = trace.column("calls", "correlation")[issued]
    began = _ceil_us(trace, rows.starts) < begins_us
    return np.where(rows.correlations >= 0, np.isin(rows.correlations, known), began)


def _ceil_us(trace: Trace, starts: Int64) -> Int64:
    return np.ceil(floats_us(starts + clock_offset_ns(trace))).astype(np.int64)
