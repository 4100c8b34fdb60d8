"""The bytes of a file, plain or gzipped, within the limits of an import."""

from __future__ import annotations

import zlib
from types import TracebackType
from typing import Self

from timeline.formats.intake import Intake

__all__ = ["GZIP_MAGIC", "ByteStream"]

GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 31  # zlib's code for a gzip header and trailer
_INPUT_BYTES = 1 << 18
_RATIO_FROM = 64 << 20


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
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        try:
            self._file = intake.path.open("rb", buffering=0)
            self._bytes = intake.path.stat().st_size
            gzipped = self._file.read(2) == GZIP_MAGIC
            self._file.seek(0)
        except OSError as error:
            raise intake.error("byte 0", f"can't be read: {error.strerror}") from error
        self._inflate = zlib.decompressobj(_GZIP) if gzipped else None
        self._pending = b""
        self._compressed = 0
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
        limits = self._intake.options.limits
        if self.offset > limits.expanded_bytes:
            raise self._intake.error(
                f"byte {limits.expanded_bytes:,}",
                "expands to more than allowed; allow more with timeline import --max-expanded",
            )
        self._intake.tell(self._compressed if self._inflate else self.offset, self._bytes)
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
            if not self._pending:
                self._pending = self._file.read(_INPUT_BYTES)
                self._compressed += len(self._pending)
            if not self._pending:
                if not self._inflate.eof and self._compressed:
                    self._damaged("gzip that ends too early")
                return b""
            if self._inflate.eof:  # another member follows
                if not self._pending.strip(b"\0"):
                    self._pending = b""  # padding
                    continue
                self._inflate = zlib.decompressobj(_GZIP)
            try:
                piece = self._inflate.decompress(self._pending, most)
            except zlib.error:
                self._damaged("gzip that is damaged")
                self._pending, self._compressed = b"", 0
                self._file.seek(0, 2)
                return b""
            self._pending = self._inflate.unconsumed_tail or self._inflate.unused_data
            self._check_ratio(len(piece))
            if piece:
                return piece

    def _damaged(self, what: str) -> None:
        self._intake.refuse(f"byte {self._compressed:,}", what)

    def _check_ratio(self, more: int) -> None:
        expanded, ratio = self.offset + more, self._intake.options.limits.ratio
        read = self._compressed - len(self._pending)
        if expanded > _RATIO_FROM and expanded > ratio * max(read, 1):
            raise self._intake.error(
                f"byte {read:,}",
                f"expands more than {ratio}-fold; unpack it, or allow more with "
                "timeline import --max-ratio",
            )
