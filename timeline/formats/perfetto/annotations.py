"""Debug annotations of events as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.formats.perfetto import schema
from timeline.formats.perfetto.sequences import Sequences
from timeline.formats.perfetto.wire import Fields, Spans, fields
from timeline.formats.perfetto.words import Words

__all__ = ["Annotations", "Arguments"]

Int64 = npt.NDArray[np.int64]
Ints = npt.NDArray[np.signedinteger[Any]]
UInt8 = npt.NDArray[np.uint8]
UInt64 = npt.NDArray[np.uint64]

TEXT = 0
"""Of :attr:`Arguments.kind`: the value is a code; otherwise the number of the field."""
_INTEGERS = (schema.BOOL, schema.UINT, schema.INT, schema.POINTER)


@dataclass(frozen=True, slots=True, eq=False)
class Arguments:
    """Values of annotations, one a row.

    Attributes
    ----------
    event, name, kind, place : numpy.ndarray of int, shape (n,)
        Row of the event, code of the name, what the value is, and its place in a list.
    value : numpy.ndarray of uint64, shape (n,)
        An integer as it is in the file, or the code of a text.
    """

    event: Ints
    name: Ints
    kind: Ints
    place: Ints
    value: UInt64


class Annotations:
    """Collects annotations."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._pieces: list[Arguments] = []
        self.wanted = False

    def add(
        self,
        buffer: UInt8,
        spans: Spans,
        rows: Int64,
        state: Int64,
        sequences: Sequences,
        offset: int,
    ) -> None:
        """Take the annotations at ``spans``, of the events ``rows``."""
        if not self.wanted or not len(rows):
            return
        found = fields(buffer, spans)
        name = np.full(len(rows), -1, np.int64)
        owners, numbers = found.integers(schema.ANNOTATION_IID)
        name[owners] = sequences.lookup(schema.ANNOTATION_NAMES, state[owners], numbers)
        owners, texts = found.messages(schema.ANNOTATION_NAME)
        name[owners] = self._words.codes(buffer, texts, offset)
        for kind, owners, value in self._values(buffer, found, state, sequences, offset):
            place = np.zeros(len(owners), np.int64)
            self._keep(rows[owners], name[owners], kind, place, value)
        owners, inner = found.messages(schema.ARRAY)
        if len(owners):
            self._lists(buffer, inner, rows[owners], name[owners], owners)

    def _lists(self, buffer: UInt8, spans: Spans, rows: Int64, name: Int64, lists: Int64) -> None:
        found = fields(buffer, spans)
        place = np.arange(len(lists)) - np.searchsorted(lists, lists)
        for kind in _INTEGERS:
            owners, value = found.integers(kind)
            self._keep(rows[owners], name[owners], kind, place[owners], value)

    def _values(
        self, buffer: UInt8, found: Fields, state: Int64, sequences: Sequences, offset: int
    ) -> list[tuple[int, Int64, UInt64]]:
        made = [(kind, *found.integers(kind)) for kind in _INTEGERS]
        owners, numbers = found.integers(schema.STRING_IID)
        codes = sequences.lookup(schema.STRINGS, state[owners], numbers)
        made.append((TEXT, owners[codes >= 0], codes[codes >= 0].view(np.uint64)))
        owners, texts = found.messages(schema.STRING)
        made.append((TEXT, owners, self._words.codes(buffer, texts, offset).view(np.uint64)))
        return made

    def _keep(self, event: Int64, name: Int64, kind: int, place: Int64, value: UInt64) -> None:
        if len(event):
            kinds = np.full(len(event), kind, np.int8)
            narrow = event.astype(np.int32), name.astype(np.int32)
            self._pieces.append(Arguments(*narrow, kinds, place.astype(np.int32), value))

    def arguments(self) -> Arguments:
        """All of them; call it once, at the end."""
        if not self._pieces:
            empty = np.zeros(0, np.int64)
            return Arguments(empty, empty, empty, empty, empty.view(np.uint64))
        columns = zip(
            *((p.event, p.name, p.kind, p.place, p.value) for p in self._pieces), strict=True
        )
        found = Arguments(*(np.concatenate(column) for column in columns))
        self._pieces.clear()
        return found
