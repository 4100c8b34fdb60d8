"""What packets of one writer share: texts by number, defaults, until they are void."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from timeline.formats.nesting import numbered
from timeline.formats.ordering import stable_order
from timeline.formats.perfetto import schema
from timeline.formats.perfetto.wire import Fields, Spans, fields
from timeline.formats.perfetto.words import Words

__all__ = ["Sequences", "by_value"]

Int64 = npt.NDArray[np.int64]
UInt8 = npt.NDArray[np.uint8]

_KINDS = (schema.CATEGORIES, schema.NAMES, schema.ANNOTATION_NAMES, schema.STRINGS)
_DENSE = 1 << 22


class Sequences:
    """The state of each sequence of packets, from the file's beginning to where it is read.

    A *state* is a number that a sequence keeps until one of its packets clears it.
    """

    def __init__(self, words: Words) -> None:
        self._words = words
        self._generations: dict[int, int] = {}
        self._states: dict[tuple[int, int], int] = {}
        self._known: dict[int, dict[tuple[int, int], int]] = {kind: {} for kind in _KINDS}
        self._defaults: dict[tuple[int, int], int] = {}

    def states(self, packets: Fields, count: int) -> tuple[Int64, Int64]:
        """Sequence and state of each packet."""
        sequence = np.zeros(count, np.int64)
        owners, values = packets.integers(schema.SEQUENCE)
        sequence[owners] = (values & np.uint64(0xFFFFFFFF)).astype(np.int64)
        cleared = np.zeros(count, np.bool_)
        owners, values = packets.integers(schema.FLAGS)
        cleared[owners] = (values & np.uint64(schema.STARTS)) > 0
        owners, values = packets.integers(schema.CLEARED)
        cleared[owners] |= values > 0
        state = np.zeros(count, np.int64)
        for mine in by_value(sequence):
            number = int(sequence[mine[0]])
            generation = np.cumsum(cleared[mine]) + self._generations.get(number, 0)
            self._generations[number] = int(generation[-1])
            different, places = np.unique(generation, return_inverse=True)
            known = [
                self._states.setdefault((number, one), len(self._states))
                for one in different.tolist()
            ]
            state[mine] = np.array(known)[places]
        return sequence, state

    def learn(self, buffer: UInt8, packets: Fields, state: Int64, offset: int) -> None:
        """Take in the texts and defaults that packets bring."""
        for place, inner in _inside(buffer, packets, schema.INTERNED):
            for kind in _KINDS:
                owners, spans = inner.messages(kind)
                if len(owners):
                    self._learn(buffer, kind, state[place[owners]], spans, offset)
        for place, inner in _inside(buffer, packets, schema.DEFAULTS):
            self._default(schema.CLOCK, inner, state[place])
            for events, event in _inside(buffer, inner, schema.EVENT):
                self._default(schema.TRACK_UUID, event, state[place[events]])

    def _learn(self, buffer: UInt8, kind: int, state: Int64, spans: Spans, offset: int) -> None:
        entries = fields(buffer, spans)
        number = np.zeros(len(state), np.uint64)
        owners, values = entries.integers(schema.IID)
        number[owners] = values
        owners, texts = entries.messages(schema.TEXT)
        codes = self._words.codes(buffer, texts, offset)
        keys = zip(state[owners].tolist(), number[owners].tolist(), strict=True)
        self._known[kind].update(zip(keys, codes.tolist(), strict=True))

    def _default(self, field: int, found: Fields, state: Int64) -> None:
        owners, values = found.integers(field)
        for one, value in zip(state[owners].tolist(), values.tolist(), strict=True):
            self._defaults[field, one] = value

    def default(self, field: int, state: Int64, otherwise: int = 0) -> npt.NDArray[np.uint64]:
        """The default value of a field in each state."""
        known = [self._defaults.get((field, one), otherwise) for one in range(len(self._states))]
        return np.array(known or [0], np.uint64)[state]

    def lookup(self, kind: int, state: Int64, numbers: npt.NDArray[np.uint64]) -> Int64:
        """Codes of texts by number; -1 for those that no packet said."""
        if not len(numbers):
            return np.zeros(0, np.int64)
        known = self._known[kind]
        largest = int(numbers.max())
        if largest * len(self._states) < _DENSE and len(known) < 4 * len(numbers) + 1024:
            table = np.full((len(self._states), largest + 1), -1, np.int64)
            for (one, number), code in known.items():
                if number <= largest:
                    table[one, number] = code
            return np.asarray(table[state, numbers.astype(np.int64)])
        places, keys = numbered(state, numbers.view(np.int64))
        codes = [known.get((one, number % 2**64), -1) for one, number in keys]
        return np.array(codes, np.int64)[places]


def by_value(values: Int64) -> list[Int64]:
    """The places of each different value, ascending."""
    order = stable_order(values)
    fresh = np.flatnonzero(np.diff(values[order]))
    return [part for part in np.split(order, fresh + 1) if len(part)]


def _inside(buffer: UInt8, outer: Fields, number: int) -> Iterator[tuple[Int64, Fields]]:
    """Messages inside others, if there are any, with the owner of each."""
    owners, spans = outer.messages(number)
    if len(owners):
        yield owners, fields(buffer, spans)
