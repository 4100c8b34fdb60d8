"""From raw buffers to the tables of a trace, a drain at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.backends.cuda.cupti.activities import activities, timed
from timeline.backends.cuda.cupti.calls import Nesting, calls
from timeline.backends.cuda.cupti.context import Callers, Contexts
from timeline.backends.cuda.cupti.fields import Arena, Records
from timeline.backends.cuda.cupti.kinds import ActivityKind
from timeline.backends.cuda.cupti.layouts import Layout
from timeline.backends.cuda.cupti.markers import Markers
from timeline.backends.cuda.cupti.names import FunctionNames, Strings, demangler
from timeline.backends.cuda.cupti.order import allocs, events, syncs
from timeline.backends.cuda.cupti.walk import NextRecord, RecordSizes, split
from timeline.trace import table

__all__ = ["Decoder", "Raw"]

Raw = tuple[npt.NDArray[np.uint8], NextRecord]
"""A completed buffer, and the library's way to step through it."""

K = ActivityKind
_ACTIVITIES = frozenset(
    (
        K.CONCURRENT_KERNEL,
        K.MEMCPY,
        K.MEMCPY2,
        K.MEMSET,
        K.GRAPH_HOST_NODE,
        K.HOST_LAUNCH,
    )
)
_CONTEXT = (K.DEVICE, K.CONTEXT, K.STREAM)


class Decoder:
    """Reads the records of one recording.

    Parameters
    ----------
    layout : Layout
        Of the library that wrote them.
    functions : FunctionNames
        Names by callback id.
    began : int
        CUPTI's clock when the recording began.

    Attributes
    ----------
    records : int
        Records read so far.
    untimed : int
        Activities without times, which are left out.
    """

    def __init__(self, layout: Layout, functions: FunctionNames, began: int) -> None:
        self._layout = layout
        self._functions = functions
        self._began = began
        self._sizes = RecordSizes(layout.sizes)
        self._kernels = Strings(demangler())
        names = Strings()
        self.contexts = Contexts(names)
        self._markers = Markers(names, names)
        self._nesting = Nesting()
        self._arena = Arena()
        self.records = 0
        self.untimed = 0
        self._foreign_event_times = False

    def tables(self, buffers: Iterable[Raw], *, now: int, last: bool) -> dict[str, pa.Table]:
        """Rows of every record in ``buffers``.

        Parameters
        ----------
        now : int
            CUPTI's clock.
        last : bool
            The recording has ended: what waited for a later record comes now.
        """
        done: list[pa.Table] = []
        kept: dict[int, list[Records]] = {}
        for buffer, following in buffers:
            self._arena.reset()
            found = split(
                buffer,
                self._sizes,
                self._layout.records,
                following,
                arena=self._arena,
                passing=_ACTIVITIES,
            )
            for kind, records in found.items():
                self.records += len(records)
                if kind in _ACTIVITIES:
                    done.append(self._activities(kind, records))
                else:
                    kept.setdefault(kind, []).append(records)
        joined = {kind: Records.joined(parts) for kind, parts in kept.items()}
        return self._rest(joined, done, now, last)

    def _activities(self, kind: int, records: Records) -> pa.Table:
        good, without = timed(records)
        self.untimed += without
        return activities(kind, good, self._kernels)

    def _rest(
        self, kept: Mapping[int, Records], done: Sequence[pa.Table], now: int, last: bool
    ) -> dict[str, pa.Table]:
        for kind in _CONTEXT:
            if kind in kept:
                self.contexts.read(kind, kept[kind])
        callers = Callers([kept[kind] for kind in (K.RUNTIME, K.DRIVER) if kind in kept])
        made = {
            "activities": _concatenated("activities", done),
            "calls": self._calls(kept.get(K.RUNTIME), kept.get(K.DRIVER), last),
            "ranges": self._markers.ranges(
                kept.get(K.MARKER), kept.get(K.MARKER_DATA), until=now if last else None
            ),
        }
        if K.SYNCHRONIZATION in kept:
            made["syncs"] = syncs(kept[K.SYNCHRONIZATION], self.contexts, callers)
        if K.CUDA_EVENT in kept:
            window = (self._began, now)
            made["events"], foreign = events(kept[K.CUDA_EVENT], self.contexts, window)
            self._foreign_event_times |= foreign
        if K.MEMORY2 in kept:
            made["allocs"] = allocs(kept[K.MEMORY2], callers)
        return made

    def _calls(self, runtime: Records | None, driver: Records | None, last: bool) -> pa.Table:
        outer = _none(self._layout, K.RUNTIME) if runtime is None else runtime
        inner = _none(self._layout, K.DRIVER) if driver is None else driver
        inner = self._nesting.outermost(inner, outer, last=last)
        parts = [(K.RUNTIME, outer), (K.DRIVER, inner)]
        made = [calls(kind, records, self._functions) for kind, records in parts if len(records)]
        return _concatenated("calls", made)

    def notes(self) -> tuple[str, ...]:
        """What the reader of the trace must know about its records."""
        notes = []
        if self._sizes.grown:
            kinds = ", ".join(_kind_name(kind) for kind in sorted(self._sizes.grown))
            notes.append(
                f"CUPTI's records of {kinds} are longer than this timeline knows; the fields that "
                "it knows were read."
            )
        if self.untimed:
            notes.append(
                f"{self.untimed} activities came without times, for want of device memory, and "
                "are left out."
            )
        if self._foreign_event_times:
            notes.append("Device times of CUDA events were not on CUPTI's clock and are left out.")
        return tuple(notes)


def _kind_name(kind: int) -> str:
    return ActivityKind(kind).name if kind in set(ActivityKind) else f"kind {kind}"


def _none(layout: Layout, kind: int) -> Records:
    return Records.empty(layout.records[kind])


def _concatenated(name: str, parts: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables(parts) if parts else table(name, {}, 0)
