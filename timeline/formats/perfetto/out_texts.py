"""Texts of a file by number: what Perfetto calls interned data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from timeline.formats.perfetto import schema
from timeline.formats.perfetto.encoding import Message, Varint, encoded, text

__all__ = ["Texts"]

_PACKET_BYTES = 1 << 20


class Texts:
    """Collects the texts of one file; numbers begin with 1."""

    def __init__(self) -> None:
        self._known: dict[int, dict[str, int]] = {}

    def number(self, kind: int, content: str) -> int:
        """Number of a text of one kind, a field of InternedData."""
        known = self._known.setdefault(kind, {})
        return known.setdefault(content, len(known) + 1)

    def numbers(self, kind: int, contents: Sequence[str]) -> npt.NDArray[np.int64]:
        """Number of each text."""
        return np.array([self.number(kind, content) for content in contents], np.int64)

    def packets(self) -> Iterator[bytes]:
        """Packets that say all texts."""
        for kind, known in self._known.items():
            waiting, size = [], 0
            for content, number in known.items():
                parts = (Varint(schema.IID, number), text(schema.TEXT, content))
                waiting.append(Message(kind, parts))
                size += len(content)
                if size > _PACKET_BYTES:
                    yield _packet(waiting)
                    waiting, size = [], 0
            if waiting:
                yield _packet(waiting)


def _packet(entries: Sequence[Message]) -> bytes:
    parts = (
        Varint(schema.SEQUENCE, 1),
        Varint(schema.FLAGS, schema.NEEDS),
        Message(schema.INTERNED, entries),
    )
    return encoded([Message(schema.PACKET, parts)]).tobytes()
