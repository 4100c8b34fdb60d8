"""Measuring with CUDA events, for machines where CUPTI can't be loaded.

An event is recorded on the stream before and after every kernel, copy and fill. That costs time, it
takes the overlap of programmatic dependent launch away, and a span counts the waiting for SMs or
for a copy engine as work. The trace says so; nothing is corrected.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from timeline.backends.cuda.alignment import Span, align
from timeline.backends.cuda.api import NOT_READY, Api
from timeline.backends.cuda.collector import Collected
from timeline.backends.cuda.event_tables import Measured, Site, tables
from timeline.backends.cuda.launch import Loaded
from timeline.backends.cuda.stage import Issue, Placed
from timeline.program import AllReduce, GraphLaunch, Launch, Memcpy, Memset, Op

__all__ = ["EventsCollector"]

NOTES = (
    "Times come from CUDA events around every activity: each span also holds the waiting for SMs "
    "or a copy engine, and the events themselves take time on the stream.",
    "CUDA events between kernels take away the overlap of programmatic dependent launch.",
    "CUDA events see neither the activities inside a graph launch nor work of other libraries.",
)

_TIES = 10
_TIGHT_NS = 15_000
_NON_BLOCKING = 1
_MEASURED = (Launch, Memcpy, Memset, GraphLaunch, AllReduce)


Entry = tuple[Site, int, int, int, int]
"""Where, host time before its first event, host start and end of the call, thread."""


@dataclass
class _Base:
    """An event of a device, and the host times that it lies between."""

    event: Any
    stream: Any
    host: Span = (0, 0)


@dataclass
class EventsCollector:
    """A collector that has to be told of each operation (:meth:`wrap`) and repeat."""

    api: Api
    source: str = "cuda_events"
    _bases: dict[int, _Base] = field(default_factory=dict)
    _events: list[Any] = field(default_factory=list)
    _log: list[Entry] = field(default_factory=list)
    _measured: list[Measured] = field(default_factory=list)
    _uncertainty_ns: int = 0
    _on: bool = False

    def start(self) -> None:
        """Begin; events are made when operations are wrapped."""
        self._measured.clear()

    def timestamp(self) -> int:
        """The host's monotonic clock."""
        return time.perf_counter_ns()

    def stop(self) -> Collected:
        """Make the tables and destroy the events."""
        found = tables(self._measured)
        self.release()
        return Collected(
            found,
            unix_offset_ns=time.time_ns() - time.perf_counter_ns(),
            provenance={"event_clock_uncertainty_ns": self._uncertainty_ns},
            notes=NOTES,
        )

    # Operations

    def wrap(self, op: Op, issue: Issue, streams: Sequence[Placed], loaded: Loaded | None) -> Issue:
        """``issue`` with its host time noted and, if it is work of an engine, events around it."""
        timed = streams if isinstance(op, _MEASURED) else ()
        pairs = [(self._event(p.stream.device), self._event(p.stream.device)) for p in timed]
        site = Site(op, tuple(streams), loaded, tuple(pairs))
        if not op.call and not pairs:
            return issue
        before = [self._recorder(pair[0], p) for pair, p in zip(pairs, timed, strict=True)]
        after = [self._recorder(pair[1], p) for pair, p in zip(pairs, timed, strict=True)]
        return self._noting(site, issue, before, after)

    def _noting(self, site: Site, issue: Issue, before: list[Issue], after: list[Issue]) -> Issue:
        now, log, thread = time.perf_counter_ns, self._log, threading.get_native_id

        def measured() -> None:
            begin = now()
            for record in before:
                record()
            start = now()
            issue()
            end = now()
            for record in after:
                record()
            log.append((site, begin, start, end, thread()))

        return measured

    def _event(self, device: int) -> Any:
        runtime, check = self.api.runtime, self.api.check
        check(runtime.cudaSetDevice(device), "cudaSetDevice")
        made = check(runtime.cudaEventCreateWithFlags(0), "cudaEventCreate")
        self._events.append(made)
        return made

    def _recorder(self, event: Any, placed: Placed) -> Issue:
        record, stream, error = (
            self.api.runtime.cudaEventRecord,
            placed.handle.runtime,
            self.api.error,
        )

        def issue() -> None:
            status = record(event, stream)[0]
            if status:
                raise error(status, "cudaEventRecord")

        return issue

    # Repeats

    def begin_repeat(self, devices: Sequence[int]) -> None:
        """Tie the clock of each device to the host's. The devices must be idle."""
        self._log.clear()
        for device in devices:
            self._tie(device)

    def end_repeat(self, end: int, *, keep: bool) -> None:
        """Read the events. The devices must be idle.

        Parameters
        ----------
        end : int
            Host time at which they were.
        """
        log = self._log.copy() if keep else []
        self._log.clear()
        raw = [self._spans(site) for site, *_ in log]
        offsets = self._offsets(log, raw, end)
        for (site, _, start, stop, thread), spans in zip(log, raw, strict=True):
            placed = zip(site.streams, spans, strict=False)
            moved = tuple((p, _moved(span, offsets[p.stream.device])) for p, span in placed)
            correlation = len(self._measured) + 1
            self._measured.append(Measured(site, start, stop, thread, correlation, moved))

    def _spans(self, site: Site) -> list[Span]:
        placed = zip(site.streams, site.pairs, strict=False)
        return [self._elapsed(p.stream.device, pair) for p, pair in placed]

    def _offsets(self, log: list[Entry], raw: list[list[Span]], end: int) -> dict[int, int]:
        """What to add on each device: events come after they are recorded, and before ``end``."""
        inner: dict[int, list[Span]] = {device: [(0, 0)] for device in self._bases}
        outer = {device: [base.host] for device, base in self._bases.items()}
        for (site, begin, *_), spans in zip(log, raw, strict=True):
            for placed, span in zip(site.streams, spans, strict=False):
                inner[placed.stream.device].append(span)
                outer[placed.stream.device].append((begin, end))
        return {device: self._offset(inner[device], outer[device]) for device in inner}

    def _offset(self, inner: list[Span], outer: list[Span]) -> int:
        found = align(inner, outer)
        if found is None:
            return 0
        self._uncertainty_ns = max(self._uncertainty_ns, found.residual_ns)
        return found.offset_ns

    def measure(self, issue: Callable[[], None], stream: Any, device: int) -> Span:
        """Span of something that runs alone, and is waited for, in ``stream``."""
        self._tie(device)
        pair = (self._event(device), self._event(device))
        runtime, check = self.api.runtime, self.api.check
        start = time.perf_counter_ns()
        check(runtime.cudaEventRecord(pair[0], stream), "cudaEventRecord")
        issue()
        check(runtime.cudaEventRecord(pair[1], stream), "cudaEventRecord")
        check(runtime.cudaEventSynchronize(pair[1]), "cudaEventSynchronize")
        end = time.perf_counter_ns()
        span = self._elapsed(device, pair)
        return _moved(span, self._offset([(0, 0), span], [self._bases[device].host, (start, end)]))

    def _tie(self, device: int) -> None:
        """Record an event on an idle stream; it happens between the call and its completion."""
        runtime, check = self.api.runtime, self.api.check
        check(runtime.cudaSetDevice(device), "cudaSetDevice")
        base = self._bases.get(device)
        if base is None:
            stream = check(runtime.cudaStreamCreateWithFlags(_NON_BLOCKING), "cudaStreamCreate")
            base = self._bases[device] = _Base(self._event(device), stream)
        for _ in range(_TIES):
            start = time.perf_counter_ns()
            check(runtime.cudaEventRecord(base.event, base.stream), "cudaEventRecord")
            while status := runtime.cudaEventQuery(base.event)[0]:
                if int(status) != NOT_READY:
                    raise self.api.error(status, "cudaEventQuery")
            base.host = (start, time.perf_counter_ns())
            if base.host[1] - start < _TIGHT_NS:
                break

    def _elapsed(self, device: int, pair: tuple[Any, Any]) -> Span:
        """Ns from the device's base event to each of two events."""
        base, elapsed = self._bases[device].event, self.api.runtime.cudaEventElapsedTime
        times = [self.api.check(elapsed(base, event), "cudaEventElapsedTime") for event in pair]
        start, end = (round(float(milliseconds) * 1e6) for milliseconds in times)
        return start, max(start, end)

    def release(self) -> None:
        """Destroy the events; errors are ignored, as the context may be lost."""
        for event in self._events:
            self.api.runtime.cudaEventDestroy(event)
        for base in self._bases.values():
            self.api.runtime.cudaStreamDestroy(base.stream)
        self._events.clear()
        self._bases.clear()


def _moved(span: Span, by_ns: int) -> Span:
    return span[0] + by_ns, span[1] + by_ns
