"""What a synchronisation waits for: which stream, what was issued before, which ended last."""

from __future__ import annotations

import numpy as np

from timeline.analysis.matching import latest_before, pair_codes
from timeline.analysis.work import Work
from timeline.intervals import Int64

__all__ = ["last_to_end", "records_of", "stream_numbers"]


def records_of(work: Work, rows: Int64) -> Int64:
    """The last record, a row of ``events``, of the event that each of these ``syncs`` names."""
    column = work.trace.column
    recorded, waited = pair_codes(
        (column("events", "process"), column("events", "event")),
        (column("syncs", "process")[rows], column("syncs", "event")[rows]),
    )
    issued = column("events", "correlation")
    return latest_before(recorded, issued, waited, column("syncs", "correlation")[rows])


def stream_numbers(work: Work, table: str, rows: Int64) -> Int64:
    """Number in ``work.stream_codes`` of the stream that each row names, or -1."""
    first = work.by_stream[work.opens_stream]
    keys = zip(*(column[first].tolist() for column in work.stream_columns), strict=True)
    numbers = {key: number for number, key in enumerate(keys)}
    named = zip(
        *(work.trace.column(table, n)[rows].tolist() for n in work.stream_keys), strict=True
    )
    return np.array([numbers.get(key, -1) for key in named], np.int64)


def last_to_end(activity_issued: Int64, activity_ends: Int64, issued: Int64) -> Int64:
    """Of what was issued before each call, the activity that ended last.

    Parameters
    ----------
    activity_issued, activity_ends : numpy.ndarray of int64, shape (n,)
        Correlation id (-1: not known, so before no call) and end of each activity.
    issued : numpy.ndarray of int64, shape (m,)
        Correlation id of each call.

    Returns
    -------
    numpy.ndarray of int64, shape (m,)
        Its place, or -1 where nothing was issued before, or the order is not known.
    """
    if not len(activity_issued):
        return np.full(len(issued), -1, np.int64)
    by_issue = np.argsort(activity_issued, kind="stable")
    in_turn, ends = activity_issued[by_issue], activity_ends[by_issue].copy()
    unknown = int(np.searchsorted(in_turn, 0))
    reach = np.maximum.accumulate(ends[unknown:])
    place = np.arange(unknown, len(ends))
    latest = np.maximum.accumulate(np.where(ends[unknown:] == reach, place, -1))
    before = np.searchsorted(in_turn, issued) - unknown
    found = (issued >= 0) & (before > 0)
    answer = np.full(len(issued), -1, np.int64)
    answer[found] = by_issue[latest[before[found] - 1]]
    return answer
