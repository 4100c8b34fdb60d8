"""A file's packets, some megabytes at a time, those that were compressed among them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.formats.byte_stream import ByteStream
from timeline.formats.intake import Intake
from timeline.formats.perfetto import schema
from timeline.formats.perfetto.chain import split
from timeline.formats.perfetto.wire import LENGTH, PAD, Spans
from timeline.limits import more

__all__ = ["Chunk", "packets"]

UInt8 = npt.NDArray[np.uint8]
Chunk = tuple[UInt8, Spans, int]
"""Bytes, the packets in them, and where the bytes lie in the file."""

_WINDOW = 1 << 20
_FIRST = 1 << 16
_LONGEST_LENGTH = 10
_PACKED = {
    (tag & 0x7F | 0x80) | tag >> 7 << 8: number
    for number in (schema.COMPRESSED, schema.COMPRESSED_ZSTD)
    for tag in (number << 3 | LENGTH,)
}
"""First two bytes of packets that hold compressed ones."""


def packets(stream: ByteStream, intake: Intake) -> Iterator[Chunk]:
    """The packets of a file, in its order.

    Raises
    ------
    TraceError
        When the file holds something else, ends inside a packet, or a packet is too large.
    """
    kept, offset, size = b"", 0, _FIRST
    while True:
        data = bytearray(len(kept) + size)
        data[: len(kept)] = kept
        count = len(kept) + stream.readinto(memoryview(data)[len(kept) :])
        last = count < len(data)
        found, place, wrong = split(data, count)
        if len(found.starts):
            yield from _expanded(data, found, offset, intake)
        if wrong or (last and place < count):
            what = wrong or "a file that ends inside a packet"
            intake.refuse(f"byte {offset + place:,}", what)
            return
        if last:
            return
        kept, offset = bytes(memoryview(data)[place:count]), offset + place
        limit = intake.options.limits.event_bytes
        if len(kept) > limit + _LONGEST_LENGTH:
            raise intake.error(
                f"byte {offset:,}",
                f"a packet of more than {limit:,} bytes; {more('event_bytes')}",
            )
        size = _WINDOW


def _expanded(data: bytearray, found: Spans, offset: int, intake: Intake) -> Iterator[Chunk]:
    """The packets of a window; those that were compressed follow where they stand."""
    data.extend(bytes(PAD))
    buffer = np.frombuffer(data, np.uint8)
    starts, ends = found
    intake.take_rows(len(starts), f"byte {offset:,}")
    head = buffer[starts].astype(np.int64) | buffer[starts + 1].astype(np.int64) << 8
    packed = np.flatnonzero(np.isin(head, list(_PACKED)) & (ends - starts > 2))
    first = 0
    for row in packed.tolist():
        if row > first:
            yield buffer, Spans(starts[first:row], ends[first:row]), offset
        where = offset + int(starts[row])
        content = _content(data, int(starts[row]), int(ends[row]))
        inner = _inflated(content, _PACKED[int(head[row])], where, intake)
        if inner:
            yield from _inside(inner, where, intake)
        first = row + 1
    if first < len(starts):
        yield buffer, Spans(starts[first:], ends[first:]), offset


def _content(data: bytearray, start: int, end: int) -> bytes:
    """What lies behind the tag and the length of the packet's first field."""
    place = start + 2
    while place < end and data[place] >= 0x80:
        place += 1
    return bytes(memoryview(data)[place + 1 : end])


def _inflated(content: bytes, kind: int, where: int, intake: Intake) -> bytearray:
    most = min(intake.options.limits.ratio * max(len(content), 1 << 16), 1 << 31)
    found = bytearray()
    try:
        if kind == schema.COMPRESSED:
            unpack = zlib.decompressobj()
            found += unpack.decompress(content, most + 1)
        else:
            with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as unpacked:
                while len(found) <= most and (piece := unpacked.read(1 << 20)):
                    found += piece
    except (zlib.error, OSError):
        intake.refuse(f"byte {where:,}", "compressed packets that are damaged")
    if len(found) > most:
        raise intake.error(
            f"byte {where:,}",
            f"packets that expand more than {intake.options.limits.ratio}-fold; {more('ratio')}",
        )
    intake.take_expanded(len(found), where + len(content), f"byte {where:,}")
    return found


def _inside(data: bytearray, where: int, intake: Intake) -> Iterator[Chunk]:
    count = len(data)
    found, place, wrong = split(data, count)
    if wrong or place < count:
        intake.refuse(f"byte {where:,}", "compressed packets that are damaged")
    if len(found.starts):
        data.extend(bytes(PAD))
        intake.take_rows(len(found.starts), f"byte {where:,}")
        yield np.frombuffer(data, np.uint8), found, where
