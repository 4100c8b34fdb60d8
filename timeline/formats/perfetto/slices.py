"""Slices and instants of a file, from its begins and ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.formats.brackets import match
from timeline.formats.perfetto import schema
from timeline.formats.perfetto.events import Table

__all__ = ["Slices", "slices"]

Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Slices:
    """Slices and instants by start.

    Attributes
    ----------
    event : numpy.ndarray of int64, shape (n,)
        Row of the begin, or of the instant.
    start, end : numpy.ndarray of int64, shape (n,)
        Ns; an instant ends where it starts.
    instant : numpy.ndarray of bool, shape (n,)
    open : numpy.ndarray of int64
        Rows of begins without an end.
    lost : int
        Ends without a begin.
    """

    event: Int64
    start: Int64
    end: Int64
    instant: Mask
    open: Int64
    lost: int

    def at(self, rows: Int64) -> Slices:
        """Some of them."""
        event, start, end = self.event[rows], self.start[rows], self.end[rows]
        return Slices(event, start, end, self.instant[rows], self.open, self.lost)


def slices(events: Table) -> Slices:
    """What the events are, whatever their order in the file."""
    order = np.argsort(events.time, kind="stable")
    kind = events.kind[order]
    bracket = order[kind != schema.INSTANT]
    begins = events.kind[bracket] == schema.BEGIN
    first, last = match(events.track[bracket].view(np.int64), begins)
    opened, closed = bracket[first], bracket[last]
    alone = np.ones(len(events.time), np.bool_)
    alone[opened] = alone[closed] = False
    instants = order[kind == schema.INSTANT]
    alone[instants] = False
    event = np.concatenate((opened, instants))
    end = np.concatenate((events.time[closed], events.time[instants]))
    instant = np.zeros(len(event), np.bool_)
    instant[len(opened) :] = True
    turn = np.full(len(order), -1, np.int64)
    turn[event] = np.arange(len(event))
    place = turn[order]
    place = place[place >= 0]
    event = event[place]
    unclosed = np.flatnonzero(alone & (events.kind == schema.BEGIN))
    lost = int(np.count_nonzero(alone & (events.kind == schema.END)))
    return Slices(event, events.time[event], end[place], instant[place], unclosed, lost)
