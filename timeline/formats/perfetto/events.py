"""Track events of a file as columns, and what describes their tracks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.formats.intake import Intake
from timeline.formats.perfetto import schema
from timeline.formats.perfetto.annotations import Annotations
from timeline.formats.perfetto.clocks import Clocks
from timeline.formats.perfetto.packets import Chunk
from timeline.formats.perfetto.sequences import Sequences
from timeline.formats.perfetto.wire import Fields, Spans, fields
from timeline.formats.perfetto.words import Words

__all__ = ["Events", "Table", "Track"]

Int64 = npt.NDArray[np.int64]
Ints = npt.NDArray[np.signedinteger[Any]]
UInt8 = npt.NDArray[np.uint8]

_INT32 = np.uint64(0xFFFFFFFF)


@dataclass(slots=True)
class Track:
    """What a file says of a track; None for what it doesn't."""

    name: str | None = None
    parent: int | None = None
    process: int | None = None
    thread: int | None = None
    counter: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Begins, ends and instants in the order of the file; texts are codes, -1 for none."""

    time: Int64
    kind: Ints
    track: npt.NDArray[np.uint64]
    name: Ints
    category: Ints


@dataclass(slots=True)
class Events:
    """Collects what the chunks of a file hold."""

    intake: Intake
    words: Words = field(init=False)
    sequences: Sequences = field(init=False)
    clocks: Clocks = field(init=False)
    annotations: Annotations = field(init=False)
    own: bytes | None = None
    beside: list[bytes] = field(default_factory=list)
    tracks: dict[int, Track] = field(default_factory=dict)
    count: int = 0
    _pieces: list[Table] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.words = Words(self.intake)
        self.sequences = Sequences(self.words)
        self.clocks = Clocks(self.intake)
        self.annotations = Annotations(self.words)

    def add(self, chunk: Chunk) -> None:
        """Take in the packets of a chunk."""
        buffer, spans, offset = chunk
        packets = fields(buffer, spans)
        self._check(packets, spans, offset)
        count = len(spans.starts)
        sequence, state = self.sequences.states(packets, count)
        self.sequences.learn(buffer, packets, state, offset)
        self.clocks.learn(buffer, packets, sequence)
        time = self._times(packets, count, sequence, state)
        self._attributes(buffer, packets)
        self._describe(buffer, packets, offset)
        owners, events = packets.messages(schema.EVENT)
        if len(owners):
            self._add(buffer, events, (time[owners], state[owners]), offset)
        self._leave_others(packets)

    def table(self) -> Table:
        """All events; call it once, at the end."""
        if not self._pieces:
            empty = np.zeros(0, np.int64)
            return Table(empty, empty, empty.view(np.uint64), empty, empty)
        columns = zip(
            *((p.time, p.kind, p.track, p.name, p.category) for p in self._pieces), strict=True
        )
        found = Table(*(np.concatenate(column) for column in columns))
        self._pieces.clear()
        return found

    def _check(self, found: Fields, spans: Spans, offset: int) -> None:
        if len(found.damaged):
            first = offset + int(spans.starts[found.damaged.min()])
            self.intake.refuse(
                f"byte {first:,}", "packets that are damaged", len(np.unique(found.damaged))
            )

    def _times(self, packets: Fields, count: int, sequence: Int64, state: Int64) -> Int64:
        clock = self.sequences.default(schema.CLOCK, state)
        owners, values = packets.integers(schema.CLOCK)
        clock[owners] = values
        time = np.zeros(count, np.uint64)
        owners, values = packets.integers(schema.TIMESTAMP)
        time[owners] = values
        timed = np.zeros(count, np.bool_)
        timed[owners] = True
        clock[~timed] = 0
        return self.clocks.times(sequence, (clock & _INT32).astype(np.int64), time)

    def _attributes(self, buffer: UInt8, packets: Fields) -> None:
        owners, spans = packets.messages(schema.ATTRIBUTES)
        if not len(owners):
            return
        _, inner = fields(buffer, spans).messages(schema.ATTRIBUTE)
        found = fields(buffer, inner)
        of, keys = found.messages(schema.KEY)
        named = dict(zip(of.tolist(), _texts(buffer, keys), strict=True))
        of, values = found.messages(schema.STRING_VALUE)
        for number, value in zip(of.tolist(), _texts(buffer, values), strict=True):
            if named.get(number) == _OWN:
                self.own = value
                self.annotations.wanted = True
            elif named.get(number) == _OWN_ROWS:
                self.beside.append(value)

    def _describe(self, buffer: UInt8, packets: Fields, offset: int) -> None:
        owners, spans = packets.messages(schema.TRACK)
        if not len(owners):
            return
        found = fields(buffer, spans)
        made = [Track() for _ in owners]
        for number in (schema.STATIC_NAME, schema.NAME):
            of, texts = found.messages(number)
            codes = self.words.codes(buffer, texts, offset).tolist()
            for place, code in zip(of.tolist(), codes, strict=True):
                made[place].name = self.words.texts[code]
        for of, values in (found.integers(schema.PARENT),):
            for place, value in zip(of.tolist(), values.tolist(), strict=True):
                made[place].parent = value
        self._identify(buffer, found, made, offset)
        for place in found.messages(schema.COUNTER)[0].tolist():
            made[place].counter = True
        of, uuids = found.integers(schema.UUID)
        for place, uuid in zip(of.tolist(), uuids.tolist(), strict=True):
            self.tracks[uuid] = made[place]

    def _identify(self, buffer: UInt8, found: Fields, made: list[Track], offset: int) -> None:
        """Process and thread of tracks that are of one."""
        for number, keys in ((schema.PROCESS, ("process",)), (schema.OF_THREAD, _PID_TID)):
            of, spans = found.messages(number)
            inner = fields(buffer, spans)
            for field_number, key in zip((schema.PID, schema.TID), keys, strict=False):
                where, values = inner.integers(field_number)
                for place, value in zip(of[where].tolist(), values.tolist(), strict=True):
                    setattr(made[place], key, value if value < 2**63 else value - 2**64)
            named = schema.PROCESS_NAME if number == schema.PROCESS else schema.THREAD_NAME
            where, texts = inner.messages(named)
            codes = self.words.codes(buffer, texts, offset).tolist()
            for place, code in zip(of[where].tolist(), codes, strict=True):
                made[place].name = made[place].name or self.words.texts[code]

    def _add(self, buffer: UInt8, spans: Spans, at: tuple[Int64, Int64], offset: int) -> None:
        time, state = at
        found = fields(buffer, spans)
        self._check(found, spans, offset)
        count = len(time)
        kind = np.zeros(count, np.int64)
        owners, values = found.integers(schema.TYPE)
        kind[owners] = np.minimum(values, np.uint64(99)).astype(np.int64)
        track = self.sequences.default(schema.TRACK_UUID, state)
        owners, values = found.integers(schema.TRACK_UUID)
        track[owners] = values
        name = self._texts(buffer, found, state, (schema.NAME_IID, schema.EVENT_NAME), offset)
        both = schema.CATEGORY_IID, schema.EVENT_CATEGORY
        category = self._texts(buffer, found, state, both, offset)
        kept = (kind == schema.BEGIN) | (kind == schema.END) | (kind == schema.INSTANT)
        self.intake.leave("counter values", int((kind == schema.COUNT).sum()))
        self.intake.leave(
            "track events of an old form", int((~kept & (kind != schema.COUNT)).sum())
        )
        rows = np.cumsum(kept) - 1 + self.count
        owners, inner = found.messages(schema.ANNOTATION)
        mine = kept[owners]
        which = Spans(inner.starts[mine], inner.ends[mine])
        of = owners[mine]
        self.annotations.add(buffer, which, rows[of], state[of], self.sequences, offset)
        piece = Table(
            time[kept],
            kind[kept].astype(np.int8),
            track[kept],
            name[kept].astype(np.int32),
            category[kept].astype(np.int32),
        )
        self._pieces.append(piece)
        self.count += len(piece.time)

    def _texts(
        self, buffer: UInt8, found: Fields, state: Int64, numbers: tuple[int, int], offset: int
    ) -> Int64:
        """Codes of a text that events say by number, or in full; of several the first."""
        by_number, in_full = numbers
        kind = schema.NAMES if by_number == schema.NAME_IID else schema.CATEGORIES
        codes = np.full(len(state), -1, np.int64)
        owners, values = found.integers(by_number)
        known = self.sequences.lookup(kind, state[owners], values)
        if kind == schema.NAMES and (known < 0).any():
            count = int((known < 0).sum())
            self.intake.flag(
                f"the packets from byte {offset:,}", "texts by number that nothing said", count
            )
        codes[owners[::-1]] = known[::-1]
        owners, texts = found.messages(in_full)
        codes[owners[::-1]] = self.words.codes(buffer, texts, offset)[::-1]
        return codes

    def _leave_others(self, packets: Fields) -> None:
        numbers, counts = np.unique(packets.tags >> np.uint64(3), return_counts=True)
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            if number in _OTHERS:
                self.intake.leave(_OTHERS[number], count)


_OWN, _OWN_ROWS = schema.OWN.encode(), schema.OWN_ROWS.encode()
_PID_TID = ("process", "thread")
_OTHERS = {
    1: "packets of ftrace",
    2: "packets of process trees",
    7: "packets of system statistics",
    37: "packets of heap profiles",
    52: "packets of GPU counters",
    53: "packets of GPU render stages",
    63: "packets of a GPU's log",
    66: "samples of stacks",
    135: "samples of stacks",
    39: "packets of Android's log",
}
"""Kinds of packets that traces from the system hold many of."""


def _texts(buffer: UInt8, spans: Spans) -> list[bytes]:
    bounds = zip(spans.starts.tolist(), spans.ends.tolist(), strict=True)
    return [buffer[start:end].tobytes() for start, end in bounds]
