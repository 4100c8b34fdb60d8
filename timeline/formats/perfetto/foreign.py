"""Files of others: what a trace has a place for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.formats.in_kernel import NOTE
from timeline.formats.intake import Intake
from timeline.formats.perfetto.events import Events, Table, Track
from timeline.formats.perfetto.lanes import lane_of, scopes_of
from timeline.formats.perfetto.slices import Slices, slices
from timeline.trace import Meta, Trace, table
from timeline.trace.columns import Masked

__all__ = ["understood"]

Int64 = npt.NDArray[np.int64]

_DEEPEST = 64


def understood(events: Events, intake: Intake) -> Trace:
    """Slices and instants: of a kernel's lanes as stamps, the others as ranges of host threads."""
    found = events.table()
    rows = slices(found)
    intake.leave("ends of slices that began before the file", rows.lost)
    intake.flag("the tracks", "slices that never end, left out", len(rows.open))
    first = int(rows.start.min()) if len(rows.event) else 0
    uuids, places = np.unique(found.track[rows.event], return_inverse=True)
    lanes = [lane_of(events.tracks, uuid) for uuid in uuids.tolist()]
    inside = np.array([lane is not None for lane in lanes], np.bool_)[places]
    tables = {}
    if inside.any():
        mine = np.flatnonzero(inside)
        scopes = scopes_of(lanes, places[mine], rows.at(mine), found.name, events.words.texts)
        tables = scopes.tables(first)
        intake.note(NOTE)
    mine = np.flatnonzero(~inside)
    used, mine_places = np.unique(places[mine], return_inverse=True)
    described = [_resolved(events.tracks, uuid) for uuid in uuids[used].tolist()]
    tables["ranges"] = _ranges(found, rows.at(mine), (described, mine_places), events, first)
    epoch = events.clocks.epoch_ns
    meta = Meta(
        "perfetto",
        epoch_ns=epoch + first if epoch else 0,
        provenance={"file": intake.path.name},
        notes=intake.notes(),
    )
    return Trace.from_tables(meta, tables)


def _ranges(
    found: Table, rows: Slices, tracks: tuple[list[Track], Int64], events: Events, first: int
) -> pa.Table:
    described, places = tracks
    count = len(rows.event)
    thread = [one.thread for one in described]
    on_thread = np.array([one is not None for one in thread], np.bool_)[places]
    kinds = np.where(rows.instant, 2, np.where(on_thread, 0, 1))
    named = [one.name if one.thread is None else None for one in described]
    labels = list(dict.fromkeys(name for name in named if name is not None))
    domain = np.array([-1 if name is None else labels.index(name) for name in named], np.int64)
    columns = {
        "name": _coded(found.name[rows.event], events.words.texts),
        "category": _coded(found.category[rows.event], events.words.texts),
        "kind": (kinds, ["push_pop", "start_end", "mark"]),
        "domain": (domain[places], labels),
        "start": rows.start - first,
        "end": rows.end - first,
        "process": _known([one.process for one in described], places),
        "thread": _known(thread, places),
    }
    return table("ranges", columns, count)


def _resolved(tracks: Mapping[int, Track], uuid: int) -> Track:
    """A track with what it inherits from those above it."""
    found = Track()
    here: int | None = uuid
    for _ in range(_DEEPEST):
        track = tracks.get(here) if here is not None else None
        if track is None:
            break
        found.name = found.name or track.name
        found.process = track.process if found.process is None else found.process
        found.thread = track.thread if found.thread is None else found.thread
        here = track.parent
    return found


def _known(values: list[int | None], places: Int64) -> npt.NDArray[np.int64] | Masked:
    missing = np.array([value is None for value in values], np.bool_)
    known = np.array([value or 0 for value in values], np.int64)
    return Masked.unless(known[places], missing[places])


def _coded(codes: Int64, texts: list[str]) -> tuple[Int64, list[str]]:
    """Codes of a column with the texts that it uses."""
    used = np.unique(codes[codes >= 0])
    renumbered = np.full(len(texts) + 1, -1, np.int64)  # the last stands for -1
    renumbered[used] = np.arange(len(used))
    return renumbered[codes], [texts[code] for code in used.tolist()]
