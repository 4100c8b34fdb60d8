"""NVTX ranges and marks: rows of ``ranges``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.formats.intake import Intake
from timeline.formats.nsys_sqlite.global_ids import (
    known_processes,
    known_threads,
    process_of,
)
from timeline.formats.nsys_sqlite.rows import Rows, Tables
from timeline.formats.nsys_sqlite.sound import sound
from timeline.formats.nsys_sqlite.strings import Strings
from timeline.formats.nsys_sqlite.words import (
    MARKS,
    PUSH_POP,
    START_END,
)
from timeline.trace import table

__all__ = ["ranges"]

Int64 = npt.NDArray[np.int64]
Key = tuple[int, int, int]
"""Process, domain and number of a name."""

_TABLE = "NVTX_EVENTS"
_KINDS = ("push_pop", "start_end", "mark")
_TYPES = (PUSH_POP, START_END, MARKS)
_CATEGORY, _DOMAIN = 33, 75
_INTEGERS = (
    "start",
    "end",
    "eventType",
    "category",
    "color",
    "globalTid",
    "textId",
    "domainId",
    "uint64Value",
    "int64Value",
    "uint32Value",
    "int32Value",
    "jsonTextId",
)
_UNSIGNED = {"uint64Value": 64, "uint32Value": 32}
_WHOLE = ("uint64Value", "int64Value", "uint32Value", "int32Value")
_OTHER = ("doubleValue", "floatValue", "jsonText")


def ranges(tables: Tables, strings: Strings, last_ns: int | None, intake: Intake) -> pa.Table:
    """Read ``NVTX_EVENTS``.

    Parameters
    ----------
    last_ns : int, optional
        End of the capture, where ranges end that were still open.
    """
    rows = tables.integers(_TABLE, _INTEGERS)
    if not len(rows):
        return table("ranges", {}, 0)
    texts = _texts(tables, rows, strings)
    rows = sound(rows, intake, needs=("eventType", "start"), times=("start", "end"))
    kinds = _kinds(rows["eventType"])
    domains = _registered(rows, texts, _DOMAIN)
    categories = _registered(rows, texts, _CATEGORY)
    rows, kinds = rows.where(kinds >= 0), kinds[kinds >= 0]
    if not len(rows):
        return table("ranges", {}, 0)
    columns: dict[str, Any] = {
        "name": _dictionary([texts[i] for i in (rows.numbers - 1).tolist()], "[unnamed range]"),
        "kind": (kinds, _KINDS),
        "domain": _named(rows, "domainId", domains),
        "category": _named(rows, "category", categories),
        "start": rows["start"],
        "end": _ends(rows, kinds, last_ns, intake),
        "color": _color(rows),
        "payload": _payloads(tables, rows, strings),
        "process": known_processes(rows),
        "thread": known_threads(rows),
    }
    return table("ranges", {k: v for k, v in columns.items() if v is not None}, len(rows))


def _kinds(types: Int64) -> npt.NDArray[np.int32]:
    """Codes in ``_KINDS``; -1 of what is no range."""
    found = np.full(len(types), -1, np.int32)
    for code, numbers in enumerate(_TYPES):
        found[np.isin(types, numbers)] = code
    return found


def _texts(tables: Tables, rows: Rows, strings: Strings) -> list[str | None]:
    """Text of every row of the table: its own, or a registered one."""
    (own,) = tables.values(_TABLE, "text") if "text" in tables.columns(_TABLE) else ([],)
    found: list[str | None] = [text if isinstance(text, str) else None for text in own]
    found += [None] * (len(rows) - len(found))
    if "textId" in rows:
        without = np.array([text is None for text in found]) & ~rows.null("textId")
        numbers = rows["textId"]
        for row in np.flatnonzero(without).tolist():
            found[row] = strings.get(int(numbers[row]))
    return found


def _registered(rows: Rows, texts: list[str | None], event_type: int) -> Mapping[Key, str]:
    """Names of domains or categories, by process, domain and number."""
    chosen = rows.where(rows["eventType"] == event_type)
    if not len(chosen):
        return {}
    found: dict[Key, str] = {}
    category = "category" if event_type == _CATEGORY else "domainId"
    for row, key in enumerate(_keys(chosen, category)):
        text = texts[int(chosen.numbers[row]) - 1]
        if text is not None:
            found[key] = text
    return found


def _keys(rows: Rows, column: str) -> list[Key]:
    zero = np.zeros(len(rows), np.int64)
    processes = process_of(rows.get("globalTid", zero))
    domains, numbers = rows.get("domainId", zero), rows.get(column, zero)
    return list(zip(processes.tolist(), domains.tolist(), numbers.tolist(), strict=True))


def _named(rows: Rows, column: str, names: Mapping[Key, str]) -> Any:
    """A column of numbers as their names; those without a name as none."""
    if not names:
        return None
    return _dictionary([names.get(key) for key in _keys(rows, column)])


def _dictionary(texts: list[str | None], missing: str | None = None) -> Any:
    """A dictionary column of texts; None becomes ``missing``, or stays null without one."""
    known: dict[str, int] = {}
    codes = []
    for text in texts:
        shown = missing if text is None else text
        codes.append(-1 if shown is None else known.setdefault(shown, len(known)))
    return np.array(codes, np.int32), list(known)


def _ends(rows: Rows, kinds: npt.NDArray[np.int32], last_ns: int | None, intake: Intake) -> Int64:
    mark = kinds == _KINDS.index("mark")
    if "end" not in rows:
        return rows["start"]
    open_ = rows.null("end") & ~mark
    ends = np.where(mark | open_, rows["start"], rows["end"])
    if open_.any():
        last = last_ns if last_ns is not None else int(max(ends.max(), rows["start"].max()))
        ends = np.where(open_, np.maximum(last, rows["start"]), ends)
        count = int(np.count_nonzero(open_))
        intake.note(f"{count:,} NVTX ranges were still open and end with the capture.")
    return np.asarray(ends, np.int64)


def _color(rows: Rows) -> Any:
    """ARGB, which is stored as signed or unsigned."""
    if "color" not in rows or rows.null("color").all():
        return None
    return np.ma.masked_array(rows["color"] & 0xFFFFFFFF, rows.null("color"))


def _payloads(tables: Tables, rows: Rows, strings: Strings) -> list[str | None] | None:
    """Payload of each range as text; None when none has one."""
    found: list[str | None] = [None] * len(rows)
    for name in _WHOLE:
        given = np.flatnonzero(~rows.null(name))
        values = rows[name][given].tolist() if given.size else []
        for row, value in zip(given.tolist(), values, strict=True):
            found[row] = str(value % (1 << _UNSIGNED[name]) if name in _UNSIGNED else value)
    if "jsonTextId" in rows:
        for row in np.flatnonzero(~rows.null("jsonTextId")).tolist():
            found[row] = strings.get(int(rows["jsonTextId"][row]))
    for name in (n for n in _OTHER if n in tables.columns(_TABLE)):
        (values,) = tables.values(_TABLE, name)
        for row, number in enumerate(rows.numbers.tolist()):
            if values[number - 1] is not None:
                found[row] = str(values[number - 1])
    return found if any(text is not None for text in found) else None
