"""Rows of a device: its strips, engines or streams, and barriers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from timeline import intervals
from timeline.analysis.windows import Window
from timeline.analysis.work import Work
from timeline.engines import ENGINES, GRAPH, HOST
from timeline.figures.barriers import Held, overlaps_in_streams
from timeline.figures.crowd import thinned
from timeline.figures.cut import Cut
from timeline.figures.families import shades
from timeline.figures.lane import Bars, Lane
from timeline.figures.palette import ENGINE_ROLES, SM_SHADES, role_code
from timeline.figures.stamp_lanes import StampLanes
from timeline.figures.strips import Segments, segments

__all__ = ["DeviceLanes"]

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]

_NOTHING = np.empty(0, np.int64)


def no_bars() -> Bars:
    """No bars at all."""
    return Bars.plain(_NOTHING, _NOTHING, 0)


@dataclass(frozen=True, eq=False)
class DeviceLanes:
    """Makes the lanes of one device.

    Attributes
    ----------
    known : tuple of str
        Kernel families that have a shade of their own.
    """

    cut: Cut
    device: int
    known: tuple[str, ...]

    @property
    def heading(self) -> str:
        """Name of the device."""
        names = {d.id: d.name for d in self.cut.trace.meta.devices}
        number = f"GPU {self.device}" if self.device >= 0 else "GPU"
        return f"{number} · {names[self.device]}" if names.get(self.device) else number

    @cached_property
    def rows(self) -> Int64:
        """Rows of the device's activities."""
        chosen = self.cut.activities
        mine: Int64 = chosen[self.cut.trace.column("activities", "device")[chosen] == self.device]
        return mine

    @cached_property
    def segments(self) -> Segments:
        """When which engines are busy."""
        unions = {}
        for engine, rows in self._by_engine():
            if engine not in (HOST, GRAPH):
                unions[engine] = intervals.union(*self._times(rows))
        return segments(unions)

    def _by_engine(self) -> Iterator[tuple[str, Int64]]:
        names = self.cut.trace.names("activities", "engine")
        codes = self.cut.trace.column("activities", "engine")[self.rows]
        for engine in ENGINES:
            if engine in names and (mine := codes == names.index(engine)).any():
                yield engine, self.rows[mine]

    def _times(self, rows: Int64) -> tuple[Int64, Int64]:
        trace = self.cut.trace
        return trace.column("activities", "start")[rows], trace.column("activities", "end")[rows]

    def engines(self) -> Iterator[Lane]:
        """One lane an engine, in the order of :data:`timeline.engines.ENGINES`."""
        for engine, rows in self._by_engine():
            label = "host func" if engine == HOST else engine
            shade = overlaps_in_streams(self.cut.trace, rows)
            yield thinned(self._lane(engine, label, rows, shade))

    def streams(self) -> Iterator[Lane]:
        """One lane a stream; waits at the legacy default stream are shaded."""
        ids = self.cut.trace.column("activities", "stream")[self.rows]
        labels = self._stream_labels()
        for stream in np.unique(ids).tolist():
            rows = self.rows[ids == stream]
            shade = _joined(overlaps_in_streams(self.cut.trace, rows), self.held.over(stream))
            label = labels.get(stream) or f"stream {stream}"
            yield self._lane(f"stream {stream}", label, rows, shade)

    def _stream_labels(self) -> dict[int, str]:
        """Names of the device's streams, as far as the trace tells."""
        table = self.cut.trace.tables["streams"]
        columns = [table[c].to_pylist() for c in ("device", "stream", "kind", "name")]
        found = {}
        for device, stream, kind, name in zip(*columns, strict=True):
            if device in (self.device, None):
                fixed = {"legacy": "legacy default", "per_thread": f"per-thread {stream}"}
                found[stream] = fixed.get(kind) or name or ""
        return found

    @cached_property
    def held(self) -> Held:
        """Who waits for whom."""
        trace, repeat = self.cut.trace, self.cut.repeat
        limits = np.iinfo(np.int64)
        span = self.cut.window or (int(limits.min), int(limits.max))
        span = trace.meta.repeats[repeat] if repeat is not None else span
        return Held(Work(trace, self.device, self.rows, Window(*self.cut.view), span))

    def _lane(self, key: str, label: str, rows: Int64, shade: Bars) -> Lane:
        start, end = self._times(rows)
        name = self.cut.trace.column("activities", "name")[rows]
        bars = Bars.plain(start, end, self._roles(rows), name.astype(np.int32), rows)
        names = self.cut.trace.names("activities", "name")
        return Lane(
            f"gpu{self.device}/{key}", label, self.heading, "activities", bars, names, shade
        )

    def _roles(self, rows: Int64) -> Int32:
        """Role of each activity: its kernel family on the SMs, else its engine."""
        trace = self.cut.trace
        engines = trace.names("activities", "engine")
        last = f"sm{len(SM_SHADES) - 1}"
        fixed = np.array([role_code(ENGINE_ROLES.get(e, last)) for e in engines], np.int32)
        roles: Int32 = fixed[trace.column("activities", "engine")[rows]]
        if "SM" in engines:
            kernels = trace.column("activities", "engine")[rows] == engines.index("SM")
            names = trace.names("activities", "name")
            family = shades([*names, ""], self.known)  # a kernel without a name has code -1
            roles[kernels] = family[trace.column("activities", "name")[rows[kernels]]]
        return roles

    def overlap_strip(self) -> Lane:
        """When the SMs and a copy engine were busy at once."""
        found = self.segments
        both = found.has("SM") & (found.copies > 0)
        roles = np.where(found.copies > 1, role_code("overlap3"), role_code("overlap"))
        codes, words = found.names()
        bars = Bars.plain(found.start, found.end, roles.astype(np.int32), codes).take(both)
        return self._thin("strip", "overlap", bars, words)

    def busy_strip(self) -> Lane:
        """How many engines were busy, as height."""
        found = self.segments
        codes, words = found.names()
        bars = Bars.plain(found.start, found.end, role_code("busy"), codes)
        most = max(len(found.engines), 1)
        bars.height[:] = found.busy / most
        return self._thin("level", "engines busy", bars, words)

    def _thin(self, kind: str, label: str, bars: Bars, words: list[str]) -> Lane:
        key = f"gpu{self.device}/{label}"
        return Lane(key, label, self.heading, kind, bars, words, no_bars())

    def barriers(self, *, legacy: bool) -> Lane | None:
        """Spans of what holds others back, the legacy default stream if asked; None without any."""
        bars, names = self.held.spans(legacy=legacy)
        if not len(bars):
            return None
        return self._thin("strip", "barriers", bars, names)

    @property
    def stamps(self) -> StampLanes:
        """Lanes of what stamps saw in its kernels."""
        return StampLanes(self.cut, self.device, self.heading, self.known)


def _joined(first: Bars, second: Bars) -> Bars:
    columns = first.__dataclass_fields__
    return Bars(*(np.concatenate([getattr(first, c), getattr(second, c)]) for c in columns))
