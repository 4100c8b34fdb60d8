"""Order that the legacy default stream imposes on the blocking streams of its context.

Work in the legacy default stream starts when everything issued before it in blocking streams has
ended, and holds everything issued to them after it until it has ended (CUDA C++ Programming Guide,
"Implicit synchronization"). Per-thread default streams count as blocking, non-blocking streams are
not concerned.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.analysis.dependencies import NO_EDGES, Edges, held
from timeline.analysis.matching import latest_before
from timeline.analysis.numbering import number_ids
from timeline.analysis.work import Work
from timeline.intervals import Int64

__all__ = ["in_legacy_stream", "legacy_edges", "stream_kinds"]

Bools = npt.NDArray[np.bool_]
Key = tuple[int, int, int]

_LEGACY = ("legacy",)
_CONCERNED = ("blocking", "per_thread")


def stream_kinds(work: Work) -> tuple[str, ...]:
    """Kind of each stream, by its number in ``work.stream_codes``; "" where it is not known."""
    table = work.trace.tables["streams"].select(["process", "context", "stream", "kind", "device"])
    exact: dict[Key, str] = {}
    alone: dict[int, str] = {}  # collectors other than CUPTI name neither process nor context
    for row in table.to_pylist():
        if row["kind"] is not None and row["device"] in (None, work.device, *work.beside):
            exact[_number(row["process"]), _number(row["context"]), row["stream"]] = row["kind"]
            alone[row["stream"]] = row["kind"]
    first = work.by_stream[work.opens_stream]
    columns = (work.column("process"), work.contexts, work.column("stream"))
    keys = zip(*(column[first].tolist() for column in columns), strict=True)
    return tuple(exact.get(key) or alone.get(key[2], "") for key in keys)


def _number(value: int | None) -> int:
    return -1 if value is None else value


def legacy_edges(work: Work) -> Edges | None:
    """Edges into and out of the legacy default stream; None when the trace can't tell.

    It can't without the kind of any stream, or without correlation ids. An edge that follows from
    another one and the order within a stream is left out.
    """
    if not len(work.rows):
        return NO_EDGES
    kinds = stream_kinds(work)
    if not any(kinds):
        return None
    legacy, blocking = _of_kinds(work, kinds, _LEGACY), _of_kinds(work, kinds, _CONCERNED)
    if not legacy.any() or not blocking.any():
        return NO_EDGES
    if not (work.column("correlation") >= 0).any():
        return None
    return held(
        work, _held_by_legacy(work, legacy, blocking).and_(_held_up(work, legacy, blocking))
    )


def in_legacy_stream(work: Work) -> Bools:
    """Whether each activity is in a legacy default stream; shape (n,)."""
    return _of_kinds(work, stream_kinds(work), _LEGACY)


def _of_kinds(work: Work, kinds: tuple[str, ...], wanted: tuple[str, ...]) -> Bools:
    return np.asarray(np.array([kind in wanted for kind in kinds])[work.stream_codes])


def _owners(work: Work) -> Int64:
    """A number for each process and context; shape (n,)."""
    context = number_ids(work.contexts)
    return number_ids(work.column("process")) * (int(context.max(initial=0)) + 1) + context


def _held_by_legacy(work: Work, legacy: Bools, blocking: Bools) -> Edges:
    """From each legacy activity to the first one after it in each blocking stream."""
    issued, owner = work.column("correlation"), _owners(work)
    holders, held_up = np.flatnonzero(legacy), np.flatnonzero(blocking)
    latest = np.full(len(work.rows), -1, np.int64)
    found = latest_before(owner[holders], issued[holders], owner[held_up], issued[held_up])
    latest[held_up] = np.where(found >= 0, holders[found], -1)
    order = work.by_stream
    in_turn = latest[order]
    new = work.opens_stream.copy()
    new[1:] |= in_turn[1:] != in_turn[:-1]
    targets = order[new & (in_turn >= 0)]
    return Edges(latest[targets], targets)


def _held_up(work: Work, legacy: Bools, blocking: Bools) -> Edges:
    """From the last activity of each blocking stream to each legacy activity issued after it."""
    issued, owner = work.column("correlation"), _owners(work)
    edges = NO_EDGES
    for stream in np.unique(work.stream_codes[blocking]):
        before = np.flatnonzero(work.stream_codes == stream)
        waiting = np.flatnonzero(legacy & (owner == owner[before[0]]))
        found = latest_before(owner[before], issued[before], owner[waiting], issued[waiting])
        new = np.diff(found, prepend=-1) != 0
        keep = new & (found >= 0)
        edges = edges.and_(Edges(before[found[keep]], waiting[keep]))
    return edges
