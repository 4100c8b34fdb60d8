"""The JSON document: an object with ``traceEvents`` somewhere in it, or the events alone.

Read as it comes, a window at a time: values beside the events whole, events by the fast reader
where it can (:mod:`timeline.formats.kineto.lines`), otherwise one by one.
"""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.errors import TraceError
from timeline.formats.intake import Intake
from timeline.formats.kineto.arguments import Unkept
from timeline.formats.kineto.digits import WIDTH
from timeline.formats.kineto.event import (
    FLOWS,
    Aside,
    Loose,
    UnsoundError,
    as_floats,
    loads,
    nanoseconds,
    row_of,
)
from timeline.formats.kineto.lines import LineReader, Lines
from timeline.formats.kineto.rows import Rows
from timeline.formats.kineto.scanner import CutOffError, MalformedError, Scanner
from timeline.formats.kineto.window import Window

__all__ = ["Document"]

Int64 = npt.NDArray[np.int64]

EVENTS = "traceEvents"
_RECORDING_ENDED = "Record Window End"
_MARK = b"\xef\xbb\xbf"
_SETTLE_ROWS = 1 << 15
_BRACE = 2  # bytes from where a line begins to its brace
_LEAD = 2 * WIDTH
"""Bytes before an event that stay loaded: they tell that it begins there, and words reach back."""


class Document:
    """Reads the whole file; afterwards the attributes hold what it said.

    Attributes
    ----------
    rows : Rows
        The rows of the events.
    header : dict
        What lies beside ``traceEvents``.
    found_events : bool
        Whether there was a list of events, be it empty.
    described : list of dict
        Events of phase M, which name processes and lanes.
    unkept : Unkept
        Arguments that a trace has no column for.
    ended : int or None
        When the recording ended, ns of the file's clock, if it says so.
    """

    def __init__(self, window: Window, intake: Intake) -> None:
        self._window = window
        self._intake = intake
        self._scan = Scanner(window, intake)
        self._singles = 0
        self._lines: Lines | None = None
        self._lines_of: tuple[int, int] | None = None
        self._doubted = -1
        self.rows = Rows()
        self.unkept = Unkept()
        self._reader = LineReader(self.rows, self.unkept)
        self.header: dict[str, Any] = {}
        self.found_events = False
        self.described: list[dict[str, Any]] = []
        self.ended: int | None = None

    def read(self) -> None:
        """Read from start to end.

        Raises
        ------
        TraceError
            At what isn't JSON, or more than allowed, naming the byte.
        """
        self._window.load()
        if self._window.data.startswith(_MARK):
            self._window.pos = len(_MARK)
        try:
            if self._scan.take("["):
                self._events()
            else:
                self._object()
        except CutOffError:
            self._intake.refuse(self._window.place_of(self._window.end), "file that ends too early")
        except MalformedError as error:
            raise self._fatal(error) from None
        self.rows.settle()

    def _fatal(self, error: MalformedError) -> TraceError:
        return self._intake.error(self._window.place_of(error.pos), str(error))

    def _object(self) -> None:
        self._require("{")
        first = True
        while not self._scan.take("}"):
            if not first:
                self._require(",")
            first = False
            key = self._scan.value()
            self._require(":")
            if key == EVENTS and self._scan.take("["):
                self._events()
            else:
                self.header[str(key)[:200]] = as_floats(self._scan.value())

    def _require(self, wanted: str) -> None:
        if not self._scan.take(wanted):
            raise MalformedError(f"no JSON: {wanted!r} should be here", self._window.pos)

    def _events(self) -> None:
        """Read the events, from behind the bracket that opens their list to the other's end."""
        self.found_events = True
        if self._scan.take("]"):
            return
        while True:
            try:
                if not self._many():
                    self._one()
                    if self._scan.take("]"):
                        return
                    self._require(",")
                    self._scan.peek()
            except MalformedError as error:
                place = self._window.place_of(error.pos)
                self._intake.refuse(place, f"events that are not sound ({error})")
                if not self._scan.resume(max(error.pos, self._window.pos + 1)):
                    raise CutOffError from None

    def _one(self) -> None:
        place = self._window.place
        self._take(self._scan.value(), place)
        self._intake.take_rows(1, place)

    def _many(self) -> bool:
        """Let the fast reader read what it can from here, if that is anything."""
        window = self._window
        lines = self._lines_from_here()
        if lines is None or window.base + window.pos < self._doubted:
            return False
        texts = self._reader.read(window.data, lines)
        events = self._parsed(texts, window.data)
        last = int(lines.begins[-1])
        if events is None:
            self._doubted = window.base + last + _BRACE
            return False
        self._intake.take_rows(len(lines.begins) - 1, window.place)
        self._intake.leave(FLOWS, self._reader.keep())
        for start, event in events:
            self._take(event, window.place_of(start))
        window.pos = last + _BRACE
        return True

    def _lines_from_here(self) -> Lines | None:
        """The lines of the window, if an event begins at ``pos`` and ends in the window."""
        window = self._window
        for _ in range(2):
            if self._lines_of != (window.base, window.end):
                self._lines = self._reader.lines(window.data, window.pos, window.end)
                self._lines_of = (window.base, window.end)
            assert self._lines is not None
            begins = self._lines.begins
            place = int(np.searchsorted(begins, window.pos - _BRACE))
            if place == len(begins) or begins[place] != window.pos - _BRACE:
                return None
            if place + 1 < len(begins):
                return self._lines.after(place)
            window.pos -= _LEAD
            loaded = window.load()
            window.pos += _LEAD
            if not loaded:
                return None
        return None

    def _parsed(
        self, texts: list[tuple[int, int]], data: bytearray
    ) -> list[tuple[int, Any]] | None:
        """The events between these places; None if one of them isn't whole."""
        try:
            return [(s, loads(data[s:e].rstrip(b"\n ,").decode())) for s, e in texts]
        except (ValueError, RecursionError):
            return None

    def _see_end(self, event: Any) -> None:
        if event.get("name") == _RECORDING_ENDED:
            with contextlib.suppress(UnsoundError):
                self.ended = nanoseconds(event.get("ts"), "times")

    def _take(self, event: Any, place: str) -> None:
        try:
            found = row_of(event)
        except UnsoundError as error:
            self._intake.refuse(place, str(error))
            return
        if found is None:
            self.described.append(event)
        elif isinstance(found, Aside):
            self._intake.leave(found.what)
            self._see_end(event)
        elif isinstance(found, Loose):
            self.rows.loose.append(found)
        else:
            self.unkept.see(found.table, event.get("args"))
            self.rows.add(found)
            self._singles += 1
            if self._singles % _SETTLE_ROWS == 0:
                self.rows.settle()
