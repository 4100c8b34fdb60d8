"""The activities of one device in one window: what every measure reads.

What waited for what may cross devices. So a Work may have those of several devices of a process,
for :mod:`timeline.analysis.execution` and what is built on it; measures are of one device.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.analysis.numbering import number_ids
from timeline.analysis.windows import Window, check_repeat, devices
from timeline.engines import D2H, ENGINES, H2D, SM
from timeline.errors import UsageError
from timeline.intervals import Coverage, Int64, Intervals, coverage, union
from timeline.trace import Trace

__all__ = ["CORE_ENGINES", "Work", "joint_work", "work_of"]

CORE_ENGINES = (SM, H2D, D2H)
"""Engines that every report lists, busy or not."""


@dataclass(frozen=True, eq=False)
class Work:
    """Activities of a device in a window.

    Attributes
    ----------
    rows : numpy.ndarray of int64, shape (n,)
        Rows of ``trace.activities``, ascending, so by start.
    window : Window
        W. Of a repeat, or of a whole trace: from the first start to the last end.
    span : (int, int)
        Host time that belongs to it, ns: the repeat's span, the window that was asked for, or all.
    beside : tuple of int
        Further devices, whose activities it has too.
    """

    trace: Trace
    device: int
    rows: Int64
    window: Window
    span: tuple[int, int]
    beside: tuple[int, ...] = ()

    def concerns(self, named: Int64) -> npt.NDArray[np.bool_]:
        """Which of these device columns' rows are of its devices, or name none; shape (n,)."""
        mine = named == self.device
        for other in self.beside:
            mine = mine | (named == other)
        return np.asarray(mine | (named < 0))

    @cached_property
    def parts(self) -> tuple[Work, ...]:
        """The same, a Work for each device."""
        if not self.beside:
            return (self,)
        return tuple(self._part(one) for one in (self.device, *self.beside))

    def _part(self, device: int) -> Work:
        rows = self.rows[self.column("device") == device]
        start, end = (self.trace.column("activities", name) for name in ("start", "end"))
        window = _around(start, end, rows, self.window.start_ns)
        return Work(self.trace, device, rows, window, self.span)

    @cached_property
    def places(self) -> tuple[Int64, ...]:
        """Where the activities of each of :attr:`parts` stand in this Work."""
        return tuple(np.searchsorted(self.rows, part.rows) for part in self.parts)

    def column(self, name: str) -> npt.NDArray[Any]:
        """A column of these activities; see :meth:`timeline.trace.Trace.column`."""
        return np.asarray(self.trace.column("activities", name)[self.rows])

    @cached_property
    def starts(self) -> Int64:
        """Starts as recorded, ns; shape (n,)."""
        return self.column("start")

    @cached_property
    def ends(self) -> Int64:
        """Ends as recorded, ns; shape (n,)."""
        return self.column("end")

    @cached_property
    def engine_codes(self) -> npt.NDArray[np.int8]:
        """Index into ``ENGINES`` of each activity's engine, -1 for one that is not known."""
        names = self.trace.names("activities", "engine")
        known = [ENGINES.index(name) if name in ENGINES else -1 for name in names]
        codes = np.array([*known, -1], np.int8)  # null is code -1: the last
        return np.asarray(codes[self.column("engine")])

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """Activities of each engine that has any, in the order of ``ENGINES``."""
        found = np.bincount(self.engine_codes + 1, minlength=len(ENGINES) + 1)[1:].tolist()
        return {name: count for name, count in zip(ENGINES, found, strict=True) if count}

    @property
    def engines(self) -> tuple[str, ...]:
        """The engines to report: :data:`CORE_ENGINES` and every other one with activities."""
        return tuple(name for name in ENGINES if name in CORE_ENGINES or name in self.counts)

    @cached_property
    def unions(self) -> Mapping[str, Intervals]:
        """B(e) of each of :attr:`engines`, within the window."""
        lo, hi = self.window.start_ns, self.window.end_ns
        starts, ends = np.maximum(self.starts, lo), np.minimum(self.ends, hi)
        found = {}
        for name in self.engines:
            mine = np.flatnonzero(self.engine_codes == ENGINES.index(name))
            found[name] = union(starts[mine], ends[mine])
        return found

    @cached_property
    def coverage(self) -> Coverage:
        """Time in each set of busy engines; lane i is ``engines[i]``."""
        return coverage([self.unions[name] for name in self.engines])

    def busy_ns(self, *engines: str) -> int:
        """|B(e) ∪ B(f) ∪ …|, ns."""
        lanes = [self.engines.index(e) for e in engines if e in self.engines]
        return self.coverage.busy_ns(*lanes) if lanes else 0

    def overlap_ns(self, *engines: str) -> int:
        """|B(e) ∩ B(f) ∩ …|, ns."""
        if any(e not in self.engines for e in engines):
            return 0
        return self.coverage.overlap_ns(*(self.engines.index(e) for e in engines))

    @property
    def stream_keys(self) -> tuple[str, ...]:
        """Names of the columns that tell streams apart."""
        keys = ("process", "context", "stream")
        return ("device", *keys) if self.beside else keys

    @property
    def stream_columns(self) -> tuple[Int64, ...]:
        """Those columns, with the contexts that are known otherwise; each of shape (n,)."""
        return tuple(
            self.contexts if name == "context" else self.column(name) for name in self.stream_keys
        )

    @cached_property
    def contexts(self) -> Int64:
        """Context of each activity, -1 where not known; shape (n,).

        CUPTI names none for host functions: theirs is that of the other activities in the stream.
        """
        context = self.column("context").astype(np.int64)
        known = context >= 0
        if known.all() or not known.any():
            return context
        stream = number_ids(self.column("stream"))
        owner = number_ids(self.column("process")) * (int(stream.max()) + 1) + stream
        lowest = np.full(int(owner.max()) + 1, np.iinfo(np.int64).max)
        highest = np.full(len(lowest), -1)
        np.minimum.at(lowest, owner[known], context[known])
        np.maximum.at(highest, owner[known], context[known])
        only = lowest[owner] == highest[owner]
        return np.where(~known & only, highest[owner], context)

    @cached_property
    def stream_codes(self) -> Int64:
        """A number for each stream: process, context and stream together; shape (n,)."""
        codes = np.zeros(len(self.rows), np.int64)
        for column in self.stream_columns:
            code = number_ids(column)
            if code.any():
                codes = number_ids(codes * (int(code.max()) + 1) + code)
        return codes

    @cached_property
    def by_stream(self) -> Int64:
        """Order of the activities stream after stream, within one by start; shape (n,)."""
        codes = self.stream_codes
        small = codes.astype(np.uint16) if codes.size and codes.max() < 2**16 else codes
        return np.argsort(small, kind="stable")  # a radix sort for 16 bits

    @cached_property
    def opens_stream(self) -> npt.NDArray[np.bool_]:
        """Whether ``by_stream[i]`` is the first activity of its stream; shape (n,)."""
        codes = self.stream_codes[self.by_stream]
        return np.concatenate((np.ones(min(len(codes), 1), np.bool_), codes[1:] != codes[:-1]))


def work_of(
    trace: Trace,
    device: int,
    *,
    window: Window | None = None,
    repeat: int | None = None,
) -> Work:
    """Choose activities of a device.

    Parameters
    ----------
    device : int
        Its number, one of :func:`timeline.analysis.devices`.
    window : Window, optional
        Every activity that lies in it, in part or whole; measures count the part inside.
    repeat : int, optional
        The activities that start in the host span of this repeat, whole. Without either: all.

    Raises
    ------
    UsageError
        For a window and a repeat at once, or a repeat that the trace does not have.
    """
    if window is not None and repeat is not None:
        raise UsageError("measures are taken in a window or in a repeat, not in both")
    start, end = trace.column("activities", "start"), trace.column("activities", "end")
    lo, hi, span = 0, len(start), _all_time()
    if window is not None:
        span = (window.start_ns, window.end_ns)
        hi = int(np.searchsorted(start, window.end_ns))
    elif repeat is not None:
        span = check_repeat(trace, repeat)
        lo, hi = np.searchsorted(start, span).tolist()
    keep = _of_device(trace, device)[lo:hi]
    if window is not None:
        keep = keep & (end[lo:hi] > window.start_ns)
    rows = np.flatnonzero(keep) + lo
    return Work(trace, device, rows, window or _around(start, end, rows, span[0]), span)


def joint_work(works: Sequence[Work]) -> Work | None:
    """The activities of several devices of a process, from the same stretch, as one Work.

    None for fewer than two devices with activities, and for several processes: nothing that a trace
    shows leads from one to the other.
    """
    works = sorted((work for work in works if len(work.rows)), key=lambda work: work.device)
    if (
        len(works) < 2
        or len({p for w in works for p in np.unique(w.column("process")).tolist()}) > 1
    ):
        return None
    trace, rows = works[0].trace, np.sort(np.concatenate([work.rows for work in works]))
    first, *others = (work.device for work in works)
    start, end = trace.column("activities", "start"), trace.column("activities", "end")
    span = works[0].span
    return Work(trace, first, rows, _around(start, end, rows, span[0]), span, tuple(others))


def _all_time() -> tuple[int, int]:
    limits = np.iinfo(np.int64)
    return int(limits.min), int(limits.max)


def _of_device(trace: Trace, device: int) -> npt.NDArray[np.bool_]:
    """Rows of a device; those of an unknown one belong to the only device there is."""
    found = trace.column("activities", "device")
    mine = found == device
    if devices(trace) == (device,):
        mine = mine | (found < 0)
    return np.asarray(mine)


def _around(start: Int64, end: Int64, rows: Int64, otherwise: int) -> Window:
    if rows.size == 0:
        return Window(max(otherwise, 0), max(otherwise, 0))
    return Window(int(start[rows[0]]), max(int(end[rows].max()), int(start[rows[0]])))
