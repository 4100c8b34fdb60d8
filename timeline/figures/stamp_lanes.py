"""Rows of what stamps saw inside the kernels of a device: role by role, and SM by SM."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from timeline.figures.cut import Cut
from timeline.figures.depth import depths
from timeline.figures.families import shades
from timeline.figures.lane import Bars, Lane
from timeline.figures.palette import role_code
from timeline.figures.strips import profile

__all__ = ["MOST_NESTED", "StampLanes", "look"]

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]

MOST_NESTED = 2_000
"""Spans of one SM that get sub-rows; where there are more, buckets are shown, which have none."""

_ROLE_ORDER = (
    "producer",
    "loader",
    "load",
    "consumer",
    "compute",
    "mma",
    "storer",
    "prologue",
    "wait",
    "body",
    "epilogue",
)
_LOOKS = {
    "producer": "stamp_load",
    "loader": "stamp_load",
    "load": "stamp_load",
    "storer": "stamp_store",
    "prologue": "stamp_prologue",
    "wait": "stamp_wait",
    "epilogue": "stamp_epilogue",
}
_BODY = "body"
_NOTHING = np.empty(0, np.int64)


@dataclass(frozen=True, eq=False)
class StampLanes:
    """Makes the lanes of one device.

    Attributes
    ----------
    heading : str
        Name of the device.
    known : tuple of str
        Kernel families that have a shade of their own.
    """

    cut: Cut
    device: int
    heading: str
    known: tuple[str, ...]

    @cached_property
    def _rows(self) -> Int64:
        """Rows of the stamps shown, by start."""
        rows = self.cut.stamps
        rows = rows[self.cut.trace.column("stamps", "device")[rows] == self.device]
        start = self.cut.trace.column("stamps", "start")[rows]
        found: Int64 = rows[np.argsort(start, kind="stable")]
        return found

    def _column(self, name: str, rows: Int64) -> Int64:
        values: Int64 = self.cut.trace.column("stamps", name)[rows].astype(np.int64)
        return values

    @cached_property
    def _names(self) -> list[str]:
        return self.cut.trace.names("stamps", "role")

    def roles(self) -> Iterator[Lane]:
        """One lane a role: how many blocks were in it, or how many of its tiles, as height."""
        roles = self._column("role", self._rows)
        for code in sorted(np.unique(roles).tolist(), key=self._place):
            rows = self._rows[roles == code]
            tiled = bool(self._column("tile", rows).any())
            spans = profile(self._column("start", rows), self._column("end", rows))
            name = self._names[code] if code >= 0 else "stamps"
            yield self._profile(name, "tile" if tiled else "block", *spans)

    def _place(self, code: int) -> int:
        """Roles in the order in which a kernel comes to them; others after those."""
        known = code >= 0 and self._names[code] in _ROLE_ORDER
        return _ROLE_ORDER.index(self._names[code]) if known else len(_ROLE_ORDER)

    def _profile(self, role: str, what: str, start: Int64, end: Int64, count: Int64) -> Lane:
        levels, codes = np.unique(count, return_inverse=True)
        words = [f"{n} {what}{'s' * (n > 1)} in {role!r}" for n in levels.tolist()]
        bars = Bars.plain(start, end, look(role), codes.astype(np.int32))
        bars.height[:] = count / max(int(count.max(initial=1)), 1)
        return self._lane(f"stamps/{role}", role, "profile", bars, words)

    def sms(self, count: int) -> Iterator[Lane]:
        """One lane for each of the first SMs that held a block: the roles of its blocks.

        A role that is all of a kernel, its body, looks like the kernel and has its name.
        """
        on = self._column("sm", self._rows)
        kernels = self.cut.trace.names("activities", "name")
        words = [*self._names, *kernels, ""]
        looks = np.array([*map(look, self._names), *shades([*kernels, ""], self.known)], np.int32)
        for sm in np.unique(on)[:count].tolist():
            rows = self._rows[on == sm]
            times = self._column("start", rows), self._column("end", rows)
            code = self._codes(rows)
            bars = Bars.plain(*times, looks[code], code, rows, self._nested(rows))
            yield self._lane(f"sm/{sm}", f"SM {sm}", "stamps", bars, words)

    def _codes(self, rows: Int64) -> Int32:
        """Of each stamp its role, or for a body behind the roles its kernel; the last for none."""
        trace, count = self.cut.trace, len(self._names)
        code = self._column("role", rows)
        order = np.argsort(trace.column("activities", "correlation"), kind="stable")
        issued = trace.column("activities", "correlation")[order]
        wanted = self._column("correlation", rows)
        place = np.minimum(np.searchsorted(issued, wanted), max(len(issued) - 1, 0))
        kernel = trace.column("activities", "name")[order[place]].astype(np.int64)
        named = (issued[place] == wanted) & (kernel >= 0)
        last = count + len(trace.names("activities", "name"))
        body = self._names.index(_BODY) if _BODY in self._names else -2
        code = np.where((code == body) & named, count + kernel, code)
        return np.where(code < 0, last, code).astype(np.int32)

    def _nested(self, rows: Int64) -> Int32 | None:
        """Sub-rows: a block's lie together; roles at work at once have each their own."""
        if not 0 < len(rows) <= MOST_NESTED:
            return None
        launch, block = self._column("correlation", rows), self._column("block", rows)
        start, end = self._column("start", rows), self._column("end", rows)
        _, place = np.unique(np.stack((launch, block)), axis=1, return_inverse=True)
        place = place.reshape(-1)
        inner = _within(place, start, end)
        if inner.any():
            inner, top = np.zeros(len(rows), np.int32), 0
            role = self._column("role", rows)
            for code in sorted(np.unique(role).tolist(), key=self._place):
                mine = role == code
                inner[mine] = top + _within(place[mine], start[mine], end[mine])
                top = int(inner[mine].max()) + 1
        depth = _outer(place, start, end) * (int(inner.max()) + 1) + inner
        _, found = np.unique(depth, return_inverse=True)  # without rows that no block uses
        rows_used: Int32 = found.astype(np.int32)
        return rows_used

    def _lane(self, key: str, label: str, kind: str, bars: Bars, names: list[str]) -> Lane:
        group = f"{self.heading} · inside the kernels"
        nothing = Bars.plain(_NOTHING, _NOTHING, 0)
        return Lane(f"gpu{self.device}/{key}", label, group, kind, bars, names, nothing)


def _outer(place: Int64, start: Int64, end: Int64) -> Int32:
    """The sub-row of each span's block, by when the block is there."""
    count = int(place.max()) + 1
    first, last = np.full(count, np.iinfo(np.int64).max), np.zeros(count, np.int64)
    np.minimum.at(first, place, start)
    np.maximum.at(last, place, end)
    order = np.argsort(first, kind="stable")
    row = np.empty(count, np.int32)
    row[order] = depths(first[order], last[order])
    found: Int32 = row[place]
    return found


def _within(place: Int64, start: Int64, end: Int64) -> Int32:
    """Sub-rows of the spans of each place, whatever the others' are."""
    found = np.zeros(len(place), np.int32)
    for which in np.unique(place).tolist():
        mine = np.flatnonzero(place == which)
        found[mine] = depths(start[mine], end[mine])
    return found


def look(role: str) -> int:
    """Code of the palette's role for a role of stamps."""
    return role_code(_LOOKS.get(role, "stamp"))
