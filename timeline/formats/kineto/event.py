"""One event as a row: what its category makes of it, with every value checked.

The plain and exact reading of an event. The fast reader (:mod:`timeline.formats.kineto.shapes`)
only repeats what was found here for an event of the same form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from timeline.formats.kineto.categories import (
    CATEGORIES,
    COLLECTIVE,
    FLOW_PHASES,
    INTEGERS,
    LISTS,
    SYNC_KINDS,
    TEXTS,
)
from timeline.trace import TABLES

__all__ = [
    "Aside",
    "Event",
    "Loose",
    "Number",
    "Row",
    "UnsoundError",
    "as_floats",
    "loads",
    "nanoseconds",
    "no_constant",
    "row_of",
]

Event = Mapping[str, Any]

MARK = ("i", "nvtx")
FLOWS = "flow arrows, which correlation ids tell as well"
INT32, INT64 = 2**31 - 1, 2**63 - 1
_NUMBER = re.compile(r"(-?)(\d{1,30})(?:\.(\d{1,60}))?(?:[eE]([+-]?\d{1,3}))?")
_DIGITS = re.compile(r"-?\d{1,18}")
_LANE = re.compile(r"(?:stream )?(-?\d{1,18})")
NARROW = frozenset(
    field.name for schema in TABLES.values() for field in schema if field.type == pa.int32()
)
_COLLECTIVE_TEXTS = frozenset(
    field.name for field in TABLES["collectives"] if pa.types.is_dictionary(field.type)
)


class Number(str):
    """A number with a fraction or an exponent, as it is written."""

    __slots__ = ()


class UnsoundError(ValueError):
    """An event that can't be what it says; the text is without what differs between events."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: texts stay texts, times are absolute ns of the file's clock."""

    table: str
    columns: dict[str, Any]
    collective: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Aside:
    """An event that a trace has no place for, and what to call it."""

    what: str


@dataclass(frozen=True, slots=True)
class Loose:
    """A span that names no category: which lane it is on decides what it is, once all are known."""

    pid: Any
    tid: Any
    start: int
    end: int
    name: str
    args: Event = field(default_factory=dict)


def loads(text: str) -> Any:
    """Read JSON with every number exact: those with a fraction stay text."""
    return json.loads(text, parse_float=Number, parse_constant=no_constant)


def no_constant(text: str) -> Any:
    """Keep NaN and Infinity, which are no JSON but written all the same, as text."""
    return Number(text)


def as_floats(value: Any) -> Any:
    """What :func:`loads` read, with numbers for those that it kept as text."""
    if isinstance(value, Number):
        return float(value)
    if isinstance(value, dict):
        return {key: as_floats(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_floats(inner) for inner in value]
    return value


def nanoseconds(value: Any, what: str) -> int:
    """Microseconds as they are written, in ns; halves of a ns go to the even one.

    Raises
    ------
    UnsoundError
        When it is no number, or too far away for 64 bits.
    """
    if type(value) is int:
        ns = value * 1000
    elif isinstance(value, str) and (match := _NUMBER.fullmatch(value)):
        ns = _scaled(*match.groups())
    else:
        raise UnsoundError(f"{what} that is no number")
    if not -(2**62) < ns < 2**62:
        raise UnsoundError(f"{what} beyond 64 bits")
    return ns


def _scaled(sign: str, whole: str, fraction: str | None, exponent: str | None) -> int:
    fraction = fraction or ""
    ns: int
    digits, shift = int(whole + fraction), 3 - len(fraction) + int(exponent or 0)
    if shift >= 0:
        ns = digits * 10 ** min(shift, 60)
    else:
        unit = 10 ** min(-shift, 400)
        ns, rest = divmod(digits, unit)
        ns += 2 * rest > unit or (2 * rest == unit and ns % 2)
    return -ns if sign else ns


def row_of(event: Any) -> Row | Aside | Loose | None:
    """What an event is; None for one that only describes the others (phase M).

    Raises
    ------
    UnsoundError
        When a value has a wrong type or can't be.
    """
    if not isinstance(event, dict):
        raise UnsoundError("events that are no JSON objects")
    phase = event.get("ph")
    if phase == "M":
        return None
    category = event.get("cat")
    if phase != "X" and (phase, category) != MARK:
        return _aside_phase(event, phase)
    args = event.get("args") or {}
    if not isinstance(args, dict):
        raise UnsoundError("arguments that are no JSON object")
    name = _text(event.get("name", ""), "names")
    start = nanoseconds(event.get("ts"), "start times")
    lasts = nanoseconds(event.get("dur", 0), "durations")
    if lasts < 0:
        raise UnsoundError("negative durations")
    if category is None:
        return Loose(event.get("pid"), event.get("tid"), start, start + lasts, name, args)
    known = CATEGORIES.get(category) if isinstance(category, str) else None
    if known is None:
        return Aside(f"events of category {str(category)[:40]}")
    row: dict[str, Any] = {"name": name, "start": start, "end": start + lasts}
    return _ROWS[known[0]](row, known[1], event, args)


def _aside_phase(event: Event, phase: Any) -> Aside:
    if not isinstance(phase, str):
        raise UnsoundError("events without a phase")
    if phase in FLOW_PHASES:
        return Aside(FLOWS)
    if phase == "C":
        return Aside("counter values")
    category = str(event.get("cat", "none"))[:40]
    return Aside(f"events of phase {phase[:2]!r} and category {category}")


def _text(value: Any, what: str) -> str:
    if isinstance(value, str):
        return value
    raise UnsoundError(f"{what} that are no text")


def _activity(row: dict[str, Any], kind: str, event: Event, args: Event) -> Row:
    row |= {"kind": kind, **_arguments("activities", args)}
    _fall_back(row, event)
    for key, column in LISTS.items():
        if args.get(key) is not None:
            row[column] = _triple(args[key])
    return Row("activities", row, _collective(args))


def _call(row: dict[str, Any], api: str, event: Event, args: Event) -> Row:
    return Row("calls", row | {"api": api, **_thread(event), **_arguments("calls", args)})


def _range(row: dict[str, Any], category: str, event: Event, args: Event) -> Row:
    if category:  # arguments of NVTX ranges are those that timeline wrote
        row |= {"category": category, **_thread(event)}
        stream = _lane(args.get("stream"))
        if stream is not None and stream >= 0:
            row["stream"] = stream
        return Row("ranges", row, _collective(args))
    return Row("ranges", row | {**_thread(event), **_arguments("ranges", args)}, _collective(args))


def _device_range(row: dict[str, Any], category: str, event: Event, args: Event) -> Row:
    row |= {"category": category, **_arguments("device_ranges", args)}
    _fall_back(row, event)
    return Row("device_ranges", row)


def _sync(row: dict[str, Any], _: str, event: Event, args: Event) -> Row:
    kind = SYNC_KINDS.get(str(args.get("cuda_sync_kind", row["name"])))
    if kind is None:
        raise UnsoundError("synchronisations of an unknown kind")
    del row["name"]
    row |= {"kind": kind, **_arguments("syncs", args)}
    _fall_back(row, event)
    return Row("syncs", row)


def _stamp(row: dict[str, Any], _: str, event: Event, args: Event) -> Row:
    del row["name"]  # the role
    return Row("stamps", row | _arguments("stamps", args))


_ROWS = {
    "activities": _activity,
    "calls": _call,
    "ranges": _range,
    "device_ranges": _device_range,
    "syncs": _sync,
    "stamps": _stamp,
}


def _thread(event: Event) -> dict[str, int]:
    found = {"process": _lane(event.get("pid")), "thread": _lane(event.get("tid"))}
    return {key: number for key, number in found.items() if number is not None}


def _fall_back(row: dict[str, Any], event: Event) -> None:
    """Device and stream are the event's lane, where no argument says them."""
    for column, key in (("device", "pid"), ("stream", "tid")):
        if column not in row and (number := _lane(event.get(key))) is not None:
            row[column] = _fitting(number, column)


def _arguments(table: str, args: Event) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, column in INTEGERS[table].items():
        if args.get(key) is not None:
            found[column] = _integer(args[key], column)
    for key, column in TEXTS.get(table, {}).items():
        if args.get(key) is not None:
            found[column] = _text(args[key], f"values of {column!r}")
    return found


def _lane(value: Any) -> int | None:
    """The number of a process, thread, device or stream, which older traces write as text."""
    if isinstance(value, str) and not isinstance(value, Number):
        match = _LANE.fullmatch(value)
        return int(match[1]) if match else None
    return value if type(value) is int and abs(value) <= INT64 else None


def _integer(value: Any, column: str) -> int:
    if isinstance(value, str) and not isinstance(value, Number) and _DIGITS.fullmatch(value):
        value = int(value)
    if type(value) is not int:
        raise UnsoundError(f"values of {column!r} that are no integer")
    return _fitting(value, column)


def _fitting(value: int, column: str) -> int:
    if abs(value) > (INT32 if column in NARROW else INT64):
        raise UnsoundError(f"values of {column!r} that are too large")
    return value


def _triple(value: Any) -> tuple[int, int, int]:
    sound = isinstance(value, list) and len(value) == 3
    if sound and all(type(one) is int and 0 <= one <= INT32 for one in value):
        return value[0], value[1], value[2]
    raise UnsoundError("grids or blocks that are not three integers")


def _collective(args: Event) -> dict[str, Any] | None:
    if "Collective name" not in args and "Process Group Name" not in args:
        return None
    found: dict[str, Any] = {}
    for key, column in COLLECTIVE.items():
        value = args.get(key)
        if value is None:
            continue
        found[column] = _as_text(value) if column in _COLLECTIVE_TEXTS else _integer(value, column)
    return found


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
