"""Times of packets on the clock of the file.

A packet says its clock, or its sequence does. Clock snapshots say what several clocks showed at one
moment; between two of them a clock is taken to run as the file's does. Some clocks belong to one
sequence (ids 64 to 127), and of these some count on from the packet before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.formats.intake import Intake
from timeline.formats.perfetto import schema
from timeline.formats.perfetto.sequences import by_value
from timeline.formats.perfetto.wire import Fields, fields

__all__ = ["Clocks"]

Int64 = npt.NDArray[np.int64]
UInt8 = npt.NDArray[np.uint8]
UInt64 = npt.NDArray[np.uint64]

_OWN = range(64, 128)
_Key = tuple[int, int]
"""Sequence, or -1 for a clock that all share, and clock."""


@dataclass(slots=True)
class _Moment:
    """What a clock showed when a packet was written, and what the file's clock showed then."""

    packet: int
    shown: int
    time: int
    unit: int
    counts_on: bool


class Clocks:
    """Every clock of a file, from its beginning to where it is read.

    Attributes
    ----------
    epoch_ns : int
        Unix time of the file's time 0, ns; 0 if not told.
    """

    def __init__(self, intake: Intake) -> None:
        self.epoch_ns = 0
        self._intake = intake
        self._moments: dict[_Key, list[_Moment]] = {}
        self._packets = 0

    def learn(self, buffer: UInt8, packets: Fields, sequence: Int64) -> None:
        """Take in the snapshots among the packets that follow those of the last call."""
        owners, spans = packets.messages(schema.CLOCK_SNAPSHOT)
        if not len(owners):
            return
        snapshots = fields(buffer, spans)
        of, inner = snapshots.messages(schema.SNAPSHOT_CLOCK)
        clocks = fields(buffer, inner)
        shown = np.zeros((4, len(of)), np.int64)
        numbers = (schema.CLOCK_ID, schema.CLOCK_TIME, schema.INCREMENTAL, schema.MULTIPLIER)
        for row, number in zip(shown, numbers, strict=True):
            where, values = clocks.integers(number)
            row[where] = np.minimum(values, np.uint64(2**62)).astype(np.int64)
        for mine in by_value(of):
            packet = int(owners[of[mine[0]]])
            self._snapshot(packet, int(sequence[packet]), shown[:, mine].T.tolist())

    def _snapshot(self, packet: int, sequence: int, shown: list[list[int]]) -> None:
        times = {clock: value * max(unit, 1) for clock, value, _, unit in shown}
        now = self._file_time(times)
        if schema.REALTIME in times and not self.epoch_ns:
            self.epoch_ns = times[schema.REALTIME] - now
        for clock, value, counts_on, unit in shown:
            key = sequence if clock in _OWN else -1, clock
            moment = _Moment(self._packets + packet, value, now, max(unit, 1), bool(counts_on))
            self._moments.setdefault(key, []).append(moment)

    def _file_time(self, times: dict[int, int]) -> int:
        """What the file's clock, since boot, shows at a snapshot; else by a clock seen before."""
        if schema.BOOTTIME in times:
            return times[schema.BOOTTIME]
        for clock, time in times.items():
            if clock not in _OWN and (known := self._moments.get((-1, clock))):
                return known[-1].time + time - known[-1].shown * known[-1].unit
        return next((time for clock, time in times.items() if clock not in _OWN), 0)

    def times(self, sequence: Int64, clock: Int64, values: UInt64) -> Int64:
        """Times of the packets that follow those of the last call, on the file's clock, ns."""
        too_late = values >= np.uint64(2**62)
        if too_late.any():
            where = f"packet {self._packets + int(too_late.argmax()):,}"
            self._intake.refuse(where, "times out of range", int(too_late.sum()))
        found = np.where(too_late, np.uint64(0), values).astype(np.int64)
        other = np.flatnonzero((clock != 0) & (clock != schema.BOOTTIME))
        own = (clock[other] >= _OWN.start) & (clock[other] < _OWN.stop)
        keys = np.where(own, sequence[other] + 1, 0) << 32 | clock[other]
        for mine in by_value(keys):
            rows = other[mine]
            key = int(keys[mine[0]]) >> 32, int(clock[rows[0]])
            found[rows] = self._converted((key[0] - 1, key[1]), rows, found[rows])
        self._packets += len(values)
        return found

    def _converted(self, key: _Key, rows: Int64, values: Int64) -> Int64:
        moments = self._moments.get(key)
        if not moments:
            self._intake.flag(
                f"packet {self._packets + int(rows[0]):,}",
                "times of a clock that no snapshot names, taken as they are",
                len(rows),
            )
            return values
        first = np.array([moment.packet for moment in moments])
        which = np.maximum(np.searchsorted(first, rows + self._packets, "right") - 1, 0)
        found = np.empty(len(rows), np.int64)
        for mine in by_value(which):
            moment = moments[int(which[mine[0]])]
            if moment.counts_on:
                gone = np.cumsum(values[mine]) * moment.unit
                found[mine] = moment.time + gone
                moment.time += int(gone[-1])
            else:
                found[mine] = moment.time + (values[mine] - moment.shown) * moment.unit
        return found
