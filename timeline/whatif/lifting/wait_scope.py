"""All that each waiting call had to wait for, not only what ended last."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.analysis.execution import Execution
from timeline.analysis.matching import latest_before, pair_codes
from timeline.analysis.sync_scope import records_of, stream_numbers
from timeline.analysis.work import Work
from timeline.intervals import Int64

__all__ = ["waited_activities"]

_ALL, _NOTHING = -2, -1


def waited_activities(execution: Execution) -> tuple[Int64, Int64]:
    """Pairs of an activity and a call that had to wait for its end.

    Returns
    -------
    activities, calls : numpy.ndarray of int64, shape (k,)
        Places in the Work and in ``execution.calls``. Of each stream only the last activity.
    """
    work, calls = execution.work, execution.calls
    seen = np.flatnonzero(calls.waited_for >= 0)
    activities, waiting = [calls.waited_for[seen]], [seen]
    for table, kinds in (
        ("syncs", ("stream_synchronize", "event_synchronize", "device_synchronize")),
        ("allocs", ("free",)),
    ):
        rows = _rows(work, table, kinds)
        call = _calls(execution, table, rows)
        rows, call = rows[call >= 0], call[call >= 0]
        found, of = _last_of_streams(work, table, rows)
        activities.append(found)
        waiting.append(call[of])
    pairs = np.unique(np.stack((np.concatenate(activities), np.concatenate(waiting))), axis=1)
    ended = work.ends[pairs[0]] <= calls.ends[pairs[1]]
    return pairs[0][ended], pairs[1][ended]


def _rows(work: Work, table: str, kinds: tuple[str, ...]) -> Int64:
    column, names = work.trace.column, work.trace.names(table, "kind")
    codes = [code for code, name in enumerate(names) if name in kinds]
    lo, hi = work.span
    keep = np.isin(column(table, "kind"), codes) & (column(table, "correlation") > 0)
    keep &= (column(table, "start") >= lo) & (column(table, "start") < hi)
    return np.flatnonzero(keep & work.concerns(column(table, "device")))


def _calls(execution: Execution, table: str, rows: Int64) -> Int64:
    """The call of each row, by its correlation id, or -1."""
    column, calls = execution.work.trace.column, execution.calls
    known = np.flatnonzero(calls.rows >= 0)
    theirs, mine = pair_codes(
        (
            column("calls", "process")[calls.rows[known]],
            column("calls", "correlation")[calls.rows[known]],
        ),
        (column(table, "process")[rows], column(table, "correlation")[rows]),
    )
    if not len(theirs) or not len(mine):
        return np.full(len(rows), -1, np.int64)
    order = np.argsort(theirs, kind="stable")
    at = np.minimum(np.searchsorted(theirs, mine, sorter=order), len(order) - 1)
    return np.where(theirs[order[at]] == mine, known[order[at]], -1)


def _concerned(work: Work, devices: Int64, streams: Int64) -> npt.NDArray[np.bool_]:
    """Whether each stream is of the device beside it, or that is not known."""
    first = work.by_stream[work.opens_stream]
    owner = work.column("device")[first]
    return np.asarray((devices < 0) | (owner[streams] == devices))


def _last_of_streams(work: Work, table: str, rows: Int64) -> tuple[Int64, Int64]:
    """The last activity that was issued before each row in each stream it waits for."""
    if not len(rows) or not len(work.rows):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    issued_before = work.trace.column(table, "correlation")[rows].astype(np.int64)
    streams = np.full(len(rows), _ALL, np.int64)
    if table == "syncs":
        whole_device = (
            work.trace.names("syncs", "kind").index("device_synchronize")
            if ("device_synchronize" in work.trace.names("syncs", "kind"))
            else -2
        )
        streams = stream_numbers(work, "syncs", rows)
        streams[work.trace.column("syncs", "kind")[rows] == whole_device] = _ALL
        record = records_of(work, rows)
        known = record >= 0
        streams[known] = stream_numbers(work, "events", record[known])
        issued_before[known] = work.trace.column("events", "correlation")[record[known]]
    every = np.arange(int(work.stream_codes.max()) + 1)
    one = np.flatnonzero(streams > _NOTHING)
    whole = np.flatnonzero(streams == _ALL)
    of = np.concatenate((one, np.repeat(whole, len(every))))
    asked = np.concatenate((streams[one], np.tile(every, len(whole))))
    if work.beside:
        keep = _concerned(work, work.trace.column(table, "device")[rows[of]], asked)
        of, asked = of[keep], asked[keep]
    issued = work.column("correlation")
    traced = np.flatnonzero(issued >= 0)
    found = latest_before(work.stream_codes[traced], issued[traced], asked, issued_before[of])
    return traced[found[found >= 0]], of[found >= 0]
