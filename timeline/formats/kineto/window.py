"""A stretch of the file that moves on: what is read lies before ``pos``, what follows is loaded."""

from __future__ import annotations

from timeline.formats.byte_stream import ByteStream

__all__ = ["PADDING", "Window"]

WINDOW_BYTES = 4 << 20
_SMALLEST, _PACKED = 1 << 16, 8
"""Bytes of a small file's window; those that a byte of it may become after decompression."""
PADDING = 4096
"""Bytes after ``end`` that may be looked at."""


class Window:
    """Bytes ``pos`` to ``end`` of ``data`` are loaded and not yet read.

    Attributes
    ----------
    data : bytearray
        The same memory for the whole file, unless a single event needs more; goes on for a little
        beyond ``end``, so that words can be read there.
    base : int
        Place in the file of the first byte of ``data``.
    at_end : bool
        Nothing follows ``end``.
    """

    def __init__(self, stream: ByteStream, size: int | None = None) -> None:
        self._stream = stream
        if size is None:  # clearing megabytes takes longer than reading a small file
            size = min(WINDOW_BYTES, max(_PACKED * stream.size, _SMALLEST))
        self.data = bytearray(size + PADDING)
        self.base = 0
        self.pos = 0
        self.end = 0
        self.at_end = False

    @property
    def place(self) -> str:
        """Where ``pos`` is, for errors."""
        return self.place_of(self.pos)

    def place_of(self, pos: int) -> str:
        """Where a byte of ``data`` is, for errors."""
        return f"byte {self.base + pos:,}"

    def load(self) -> bool:
        """Forget what was read and load more; False when there is no more.

        A window that is full of what has not been read doubles.
        """
        if self.at_end:
            return False
        rest = self.end - self.pos
        size = len(self.data) - PADDING
        if rest > size // 2:
            grown = bytearray(2 * size + PADDING)
            grown[:rest] = self.data[self.pos : self.end]
            self.data, size = grown, 2 * size
        else:
            self.data[:rest] = self.data[self.pos : self.end]
        self.base += self.pos
        self.pos = 0
        with memoryview(self.data) as whole:
            count = self._stream.readinto(whole[rest:size])
        self.end = rest + count
        self.at_end = count < size - rest
        return count > 0

    def text(self) -> str:
        """What is loaded and not read, a character a byte, so that places agree."""
        return self.data[self.pos : self.end].decode("latin-1")
