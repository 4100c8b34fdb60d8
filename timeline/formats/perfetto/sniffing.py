"""Telling a Perfetto trace by its first packets."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from timeline.formats.byte_stream import GZIP_MAGIC
from timeline.formats.perfetto import schema
from timeline.formats.perfetto.wire import LENGTH, PAD, Spans, fields, varints

__all__ = ["sniff"]

_HEAD_BYTES = 1 << 16
_GZIP = 31
_LARGEST_FIELD = 1000
_PACKETS = 8


def sniff(path: Path) -> bool:
    """Whether the file begins with whole packets of fields that Perfetto could have."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        if head[:2] == GZIP_MAGIC:
            head = zlib.decompressobj(_GZIP).decompress(head, _HEAD_BYTES)
    except (OSError, zlib.error):
        return False
    buffer = np.frombuffer(head + bytes(PAD), np.uint8)
    place, seen = 0, 0
    while seen < _PACKETS and place < len(head):
        if head[place] != schema.PACKET << 3 | LENGTH:
            return False
        values, after, sound = varints(buffer, np.array([place + 1]))
        start, size = int(after[0]), int(values[0])
        if not sound[0] or not size:
            return False
        cut = start + size > len(head)
        if cut and (len(head) < _HEAD_BYTES or seen):
            return seen > 0
        end = min(start + size, len(head))
        found = fields(buffer, Spans(np.array([start]), np.array([end])))
        if not len(found.tags) and not cut:
            return False
        if (len(found.damaged) and not cut) or (found.tags >> np.uint64(3) >= _LARGEST_FIELD).any():
            return False
        place, seen = start + size, seen + 1
    return seen > 0
