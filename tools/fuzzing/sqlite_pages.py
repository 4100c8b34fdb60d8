"""SQLite files whose cells are changed where they lie, so that most of the file stays sound.

A value may take another type of the same width without moving anything: see sections 1.6 and 2.1 of
https://www.sqlite.org/fileformat2.html.
"""

from __future__ import annotations

from random import Random

from tools.fuzzing.octets import changed, integer, often

__all__ = ["Sqlite"]

_FILE_HEADER, _LEAF = 100, 13
_SCHEMA = (b"table", b"index", b"viewC", b"trigg")
"""How the rows of the schema begin."""
_TYPES = {0: (0, 8, 9, 12, 13), 1: (1, 14, 15), 2: (2, 16, 17), 3: (3, 18, 19), 4: (4, 20, 21)}
_TYPES |= {6: (5, 24, 25), 8: (6, 7, 28, 29)}
"""Serial types of each width."""
_WIDTHS = {kind: width for width, kinds in _TYPES.items() for kind in kinds}


class Sqlite:
    """See :class:`tools.fuzzing.octets.Seed`."""

    def __init__(self, content: bytes, others: tuple[bytes, ...] = ()) -> None:
        self.content = content
        self._others = others or (content,)
        size = int.from_bytes(content[16:18], "big")
        self._cells: list[tuple[int, int, int]] = []
        self._structure = list(range(_FILE_HEADER))
        self._schema: list[int] = []
        for start in range(0, len(content), size):
            self._page(start, size)

    def _page(self, start: int, size: int) -> None:
        header = start + (_FILE_HEADER if not start else 0)
        if self.content[header] != _LEAF:
            self._structure += range(header, min(header + 40, start + size))
            return
        count = int.from_bytes(self.content[header + 3 : header + 5], "big")
        pointers = header + 8
        self._structure += range(header, pointers + 2 * count)
        for at in range(pointers, pointers + 2 * count, 2):
            place = start + int.from_bytes(self.content[at : at + 2], "big")
            self._record(place)

    def _record(self, place: int) -> None:
        length, begin = _varint(self.content, place)
        _, begin = _varint(self.content, begin)
        self._structure += range(place, begin)
        head, at = _varint(self.content, begin)
        self._structure.append(begin)
        value = begin + head
        schema = self.content[value : value + 5] in _SCHEMA
        while at < begin + head:
            kind, behind = _varint(self.content, at)
            width = _WIDTHS.get(kind, (kind - 12) // 2 if kind > 11 else 0)
            if schema:
                self._schema += range(value, min(value + width, begin + length, len(self.content)))
            elif behind == at + 1:
                self._cells.append((at, value, width))
            at, value = behind, value + width

    def mutated(self, rng: Random) -> bytes:
        """Mostly with other cells, else with other headers or bytes."""
        kind = rng.random()
        data = bytearray(self.content)
        if kind < 0.55 and self._cells:
            for _ in range(often(rng)):
                self._cell(data, rng)
        elif kind < 0.8:
            for _ in range(often(rng)):
                data[rng.choice(self._structure)] = integer(rng) % 256
        elif kind < 0.9:
            for _ in range(often(rng)):
                data[rng.choice(self._schema)] = rng.randrange(256)
        if kind < 0.85:
            return bytes(data)
        return changed(bytes(data), rng, self._others)

    def _cell(self, data: bytearray, rng: Random) -> None:
        at, value, width = rng.choice(self._cells)
        if width in _TYPES and rng.random() < 0.4:
            data[at] = rng.choice(_TYPES[width])
        elif width:
            number = integer(rng) % (1 << 8 * width)
            data[value : value + width] = number.to_bytes(width, "big")
        else:
            data[at] = rng.choice(_TYPES[0])


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for _ in range(9):
        byte = data[place]
        value, place = value << 7 | byte & 0x7F, place + 1
        if byte < 0x80:
            break
    return value, place
