"""Files of others: what a trace has a place for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.formats.intake import Intake
from timeline.formats.perfetto.events import Events, Table, Track
from timeline.formats.perfetto.slices import slices
from timeline.trace import Meta, Trace, table
from timeline.trace.columns import Masked

__all__ = ["understood"]

Int64 = npt.NDArray[np.int64]

_DEEPEST = 64


def understood(events: Events, intake: Intake) -> Trace:
    """Slices and instants as ranges of host threads."""
    found = events.table()
    ranges, first = _ranges(found, events, intake)
    epoch = events.clocks.epoch_ns
    meta = Meta(
        "perfetto",
        epoch_ns=epoch + first if epoch else 0,
        provenance={"file": intake.path.name},
        notes=intake.notes(),
    )
    return Trace.from_tables(meta, {"ranges": ranges})


def _ranges(found: Table, events: Events, intake: Intake) -> tuple[pa.Table, int]:
    rows = slices(found)
    intake.leave("ends of slices that began before the file", rows.lost)
    intake.flag("the tracks", "slices that never end, left out", len(rows.open))
    count = len(rows.event)
    first = int(rows.start.min()) if count else 0
    tracks, places = np.unique(found.track[rows.event], return_inverse=True)
    described = [_resolved(events.tracks, uuid) for uuid in tracks.tolist()]
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
        "domain": (domain[places] if count else domain, labels),
        "start": rows.start - first,
        "end": rows.end - first,
        "process": _known([one.process for one in described], places),
        "thread": _known(thread, places),
    }
    return table("ranges", columns, count), first


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
