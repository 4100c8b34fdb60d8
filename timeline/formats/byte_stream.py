"""The bytes of a file, plain or gzipped, within the limits of an import."""

from __future__ import annotations

import zlib
from types import TracebackType
from typing import Self

from timeline.formats.intake import Intake
from timeline.limits import more

__all__ = ["GZIP_MAGIC", "ByteStream"]

GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 31  # zlib's code for a gzip header and trailer
_INPUT_BYTES = 1 << 18
_FIRST_STEP = 1 << 10


class ByteStream:
    """Reads a file from start to end, and never more than the limits allow.

    Parameters
    ----------
    intake : Intake
        Names the file and the limits; a truncated or damaged gzip is refused there.

    Raises
    ------
    TraceError
        When the file can't be read.

    Attributes
    ----------
    size : int
        Bytes of the file as it lies on the disk.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        try:
            self._file = intake.path.open("rb", buffering=0)
            self.size = intake.path.stat().st_size
            gzipped = self._file.read(2) == GZIP_MAGIC
            self._file.seek(0)
        except OSError as error:
            raise intake.error("byte 0", f"can't be read: {error.strerror}") from error
        self._inflate = zlib.decompressobj(_GZIP) if gzipped else None
        self._pending, self._at = memoryview(b""), 0
        self._step = _INPUT_BYTES
        self._compressed, self._members = 0, 1
        self.offset = 0
        """Bytes handed out so far, after decompression."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def readinto(self, target: memoryview) -> int:
        """Fill ``target`` from its start; fewer bytes, or none, only at the end of the file."""
        filled = 0
        while filled < len(target):
            count = self._some(target[filled:])
            if not count:
                break
            filled += count
            self.offset += count
        if self._inflate is None:
            self._intake.check_time(f"byte {self.offset:,}")
        self._intake.tell(self._compressed if self._inflate else self.offset, self.size)
        return filled

    def _some(self, target: memoryview) -> int:
        if self._inflate is None:
            return self._file.readinto(target) or 0
        piece = self._inflated(len(target))
        target[: len(piece)] = piece
        return len(piece)

    def _inflated(self, most: int) -> bytes:
        """Up to ``most`` bytes; none at the end, also at that of a damaged file if lenient."""
        while True:
            assert self._inflate is not None
            if self._at == len(self._pending):
                self._pending, self._at = memoryview(self._file.read(_INPUT_BYTES)), 0
                self._intake.check_time(self._place)
            if not self._pending:
                if not self._inflate.eof and self._compressed:
                    self._damaged("gzip that ends too early")
                return b""
            if self._inflate.eof and not self._next_member():
                continue
            piece = self._pending[self._at : self._at + self._step]
            try:
                found = self._inflate.decompress(piece, most)
            except zlib.error:
                self._damaged("gzip that is damaged")
                self._pending, self._at, self._compressed = memoryview(b""), 0, 0
                self._file.seek(0, 2)
                return b""
            rest = self._inflate.unconsumed_tail or self._inflate.unused_data
            self._at += len(piece) - len(rest)
            self._compressed += len(piece) - len(rest)
            self._step = min(2 * self._step, _INPUT_BYTES)
            self._intake.take_expanded(len(found), self._compressed, self._place)
            if found:
                return found

    def _next_member(self) -> bool:
        """Begin with the member that follows; False where only padding does."""
        if not self._pending[self._at] and not bytes(self._pending[self._at :]).strip(b"\0"):
            self._at = len(self._pending)
            return False
        self._members += 1
        most = self._intake.options.limits.members
        if self._members > most:
            raise self._intake.error(
                self._place, f"a gzip of more than {most:,} pieces; {more('members')}"
            )
        # What lies behind a member's end is copied each time, so little is given at first.
        self._inflate, self._step = zlib.decompressobj(_GZIP), _FIRST_STEP
        return True

    @property
    def _place(self) -> str:
        return f"byte {self._compressed:,}"

    def _damaged(self, what: str) -> None:
        self._intake.refuse(self._place, what)
