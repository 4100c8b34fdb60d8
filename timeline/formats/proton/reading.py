"""Importing an in-kernel trace of Proton.

Its events say where they ran in words: process ``<kernel> Core<SM> CTA<block>``, thread ``warp <n>
(line <n>)``. Times are µs with a fraction, counted in ns by Proton; lines only keep apart what
overlaps within a warp.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from timeline.formats.byte_stream import ByteStream
from timeline.formats.in_kernel import NOTE, Scopes
from timeline.formats.intake import Intake
from timeline.formats.kineto.event import UnsoundError, nanoseconds
from timeline.formats.kineto.scanner import CutOffError, MalformedError, Scanner
from timeline.formats.kineto.window import Window
from timeline.formats.options import ImportOptions
from timeline.trace import Meta, Trace

__all__ = ["read"]

_PLACE = re.compile(r"(?s:(.*)) Core(\d{1,9}) CTA(\d{1,9})")
_WARP = re.compile(r"warp (\d{1,9})(?: \(line \d+\))?")
_EVENTS = "traceEvents"

_Row = tuple[str, str, int, int, int, int, int]
"""Kernel, scope, block, SM, warp, start and end."""


def read(path: Path, options: ImportOptions) -> Trace:
    """Scopes as stamps, with a kernel around those of each name.

    Raises
    ------
    TraceError
        One line that names the file and the byte.
    """
    intake = Intake(path, options)
    with ByteStream(intake) as stream:
        window = Window(stream)
        window.load()
        rows = list(_rows(Scanner(window, intake), intake))
    intake.note(NOTE)
    first = min((row[5] for row in rows), default=0)
    tables = _scopes(rows).tables(first) if rows else {}
    intake.tell(1, 1)
    meta = Meta("proton", notes=intake.notes(), provenance={"file": path.name, "first_ns": first})
    return Trace.from_tables(meta, tables)


def _rows(scan: Scanner, intake: Intake) -> Iterator[_Row]:
    place = "byte 0"
    try:
        for event, place in _events(scan):
            intake.take_rows(1, place)
            try:
                row = _row(event)
            except UnsoundError as error:
                intake.refuse(place, str(error))
                continue
            if row is None:
                intake.leave("events that are no scope of a warp")
            else:
                yield row
    except CutOffError:
        intake.refuse(scan.window.place_of(scan.window.end), "file that ends too early")
    except MalformedError as error:
        raise intake.error(scan.window.place_of(error.pos), str(error)) from None


def _events(scan: Scanner) -> Iterator[tuple[Any, str]]:
    """Each event of the document and where it begins."""
    _require(scan, "{")
    first = True
    while not scan.take("}"):
        if not first:
            _require(scan, ",")
        first = False
        key = scan.value()
        _require(scan, ":")
        if key != _EVENTS:
            scan.value()
            continue
        _require(scan, "[")
        if scan.take("]"):
            continue
        while True:
            scan.peek()
            place = scan.window.place
            yield scan.value(), place
            if scan.take("]"):
                break
            _require(scan, ",")


def _require(scan: Scanner, wanted: str) -> None:
    if not scan.take(wanted):
        raise MalformedError(f"no JSON: {wanted!r} should be here", scan.window.pos)


def _row(event: Any) -> _Row | None:
    if not isinstance(event, dict):
        raise UnsoundError("events that are no JSON objects")
    place = _PLACE.fullmatch(event["pid"]) if isinstance(event.get("pid"), str) else None
    warp = _WARP.fullmatch(event["tid"]) if isinstance(event.get("tid"), str) else None
    if place is None or warp is None or event.get("ph") != "X":
        return None
    name = event.get("name")
    if not isinstance(name, str):
        raise UnsoundError("names that are no text")
    start = nanoseconds(event.get("ts"), "start times")
    lasts = nanoseconds(event.get("dur"), "durations")
    if lasts < 0:
        raise UnsoundError("negative durations")
    kernel, sm, block = place.groups()
    return kernel, name, int(block), int(sm), int(warp[1]), start, start + lasts


def _scopes(rows: list[_Row]) -> Scopes:
    kernels = list(dict.fromkeys(row[0] for row in rows))
    names = list(dict.fromkeys(row[1] for row in rows))
    kernel_codes = {name: code for code, name in enumerate(kernels)}
    codes = {name: code for code, name in enumerate(names)}
    columns = np.array(
        [(kernel_codes[kernel], codes[name], *numbers) for kernel, name, *numbers in rows], np.int64
    ).T
    kernel, scope, block, sm, warp, start, end = columns
    return Scopes(kernel, scope, block, sm, warp, start, end, kernels, names, "warp")
