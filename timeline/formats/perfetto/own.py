"""Files that timeline wrote: every row as it was."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.formats.intake import Intake
from timeline.formats.perfetto import schema
from timeline.formats.perfetto.annotations import Arguments
from timeline.formats.perfetto.events import Events, Table
from timeline.formats.perfetto.own_columns import OwnColumns
from timeline.formats.perfetto.sequences import by_value
from timeline.formats.perfetto.slices import slices
from timeline.trace import TABLES, Meta, Trace, table
from timeline.trace.meta import is_meta_json

__all__ = ["own_description", "restored"]

Int64 = npt.NDArray[np.int64]
Ints = npt.NDArray[np.signedinteger[Any]]

_INT64 = range(-(2**63), 2**63)


def own_description(raw: bytes | None) -> Mapping[str, Any] | None:
    """What :mod:`timeline.formats.perfetto.out_file` says beside the events; None for others."""
    try:
        found = json.loads(raw) if raw is not None else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and is_meta_json(found.get("meta")) else None


def restored(own: Mapping[str, Any], events: Events, intake: Intake) -> Trace:
    """The trace that was written.

    Raises
    ------
    TraceError
        When what it says of its tracks, or a value, can't be.
    """
    meta = Meta.from_json(own["meta"], f"{intake.path}: {schema.OWN!r}")
    tracks, held = _held(own.get("tracks"), intake)
    found = events.table()
    place = np.minimum(np.searchsorted(tracks, found.track), len(tracks) - 1)
    kept = np.flatnonzero(tracks[place] == found.track) if len(tracks) else np.zeros(0, np.int64)
    place = place[kept]
    mine = Table(
        found.time[kept],
        found.kind[kept],
        place.view(np.uint64),
        found.name[kept],
        found.category[kept],
    )
    rows = slices(mine)
    if len(rows.open) or rows.lost:
        intake.refuse("the tracks", "slices without begin or end", len(rows.open) + rows.lost)
    place = place[rows.event]
    which = _tables(mine.category[rows.event], place, held, events.words.texts)
    slot = np.full(len(found.time), -1, np.int64)
    slot[kept[rows.event]] = np.arange(len(rows.event))
    arguments = _by_name(events.annotations.arguments(), slot, events.words.texts)
    shift = own.get("shift_ns")
    shift_ns = shift if type(shift) is int and abs(shift) < 2**62 else 0
    tables = {}
    for number, name in enumerate(TABLES):
        chosen = np.flatnonzero(which == number)
        if len(chosen):
            columns = OwnColumns(name, mine, rows, chosen, events.words.texts, intake)
            columns.place(place[chosen], held)
            columns.times(shift_ns)
            columns.arguments(arguments)
            tables[name] = columns.table()
    tables |= _beside(events.beside, intake)
    wrong = intake.notes() if intake.unsound else ()
    return Trace.from_tables(dataclasses.replace(meta, notes=(*meta.notes, *wrong)), tables)


def _held(tracks: Any, intake: Intake) -> tuple[npt.NDArray[np.uint64], list[list[Any]]]:
    """Tracks with rows, ascending, and of each its table and the two values of its rows."""
    found = {}
    for uuid, said in tracks.items() if isinstance(tracks, dict) else ():
        sound = uuid.isascii() and uuid.isdecimal() and len(uuid) < 19
        sound = sound and isinstance(said, list) and len(said) == 3 and said[0] in schema.PLACES
        if not sound or not all(n is None or (type(n) is int and n in _INT64) for n in said[1:]):
            raise intake.error(repr(schema.OWN), "its 'tracks' are malformed; export it again")
        found[int(uuid)] = said
    order = sorted(found)
    return np.array(order, np.uint64), [found[uuid] for uuid in order]


def _beside(pieces: list[bytes], intake: Intake) -> dict[str, pa.Table]:
    """The tables that no event holds."""
    found: dict[str, list[pa.Table]] = {}
    for raw in pieces:
        try:
            said = json.loads(raw)
        except (ValueError, RecursionError):
            said = None
        name, columns = _named(said)
        if name not in schema.BESIDE or not all(isinstance(v, list) for v in columns.values()):
            raise intake.error(repr(schema.OWN_ROWS), "malformed; export it again")
        found.setdefault(name, []).append(table(name, columns))
    return {name: pa.concat_tables(rows) for name, rows in found.items()}


def _named(said: Any) -> tuple[str, dict[str, Any]]:
    """Name and columns of a table; no name if it is none."""
    name, columns = (said.get(k) if isinstance(said, dict) else None for k in ("table", "columns"))
    return (name, columns) if isinstance(name, str) and isinstance(columns, dict) else ("", {})


def _tables(category: Ints, place: Int64, held: list[list[Any]], texts: list[str]) -> Int64:
    """Number of the table of each slice; those of host threads go by their category."""
    numbers = {name: number for number, name in enumerate(TABLES)}
    if not held:
        return np.zeros(0, np.int64)
    tables = np.array([numbers.get(said[0], -1) for said in held], np.int64)[place]
    ranges = [text == schema.RANGE_CATEGORY for text in texts]
    is_range = np.array([*ranges, False])[category]
    of_host = np.where(is_range, numbers["ranges"], numbers["calls"])
    return np.where(tables < 0, of_host, tables)


def _by_name(found: Arguments, slot: Int64, texts: list[str]) -> dict[str, Arguments]:
    """The arguments of each name, with slices in the place of events."""
    made = {}
    for mine in by_value(found.name):
        code = int(found.name[mine[0]])
        of = slot[found.event[mine]]
        mine, of = mine[of >= 0], of[of >= 0]
        if code >= 0:
            name = found.name[mine]
            made[texts[code]] = Arguments(
                of, name, found.kind[mine], found.place[mine], found.value[mine]
            )
    return made
