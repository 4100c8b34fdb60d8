"""Where the packets of a stretch of bytes lie.

A packet is a tag, a length and as many bytes; where one begins is known only from the one before.
So every byte that could be a tag is taken for one, with the place behind its packet, and the chain
that starts at the first byte is followed: in leaps of sixteen packets, then those between.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.formats.perfetto import schema
from timeline.formats.perfetto.wire import LENGTH, PAD, Spans, varints

__all__ = ["split"]

Int64 = npt.NDArray[np.int64]

_TAG = schema.PACKET << 3 | LENGTH
_LONGEST_LENGTH = 10
_LEAPS = 4
"""Doublings of a step: the leap is of ``2 ** 4`` packets."""


def split(data: bytearray, count: int) -> tuple[Spans, int, str]:
    """The whole packets in the first ``count`` bytes, which a packet begins.

    Returns
    -------
    (packets, place, wrong)
        Where the packets' contents lie, the place behind the last one, and what lies there if it
        is wrong.
    """
    many = _chain(data, count)
    place = int(many.ends[-1]) if len(many.ends) else 0
    rest, place, wrong = _one_by_one(data, place, count)
    bounds = np.array(rest, np.int64).reshape(-1, 2)
    starts, ends = (np.concatenate((many[i], bounds[:, i])) for i in range(2))
    return Spans(starts, ends), place, wrong


def _chain(data: bytearray, count: int) -> Spans:
    """Packets from the first byte on, as many as can be followed."""
    if count <= PAD:
        return Spans(np.zeros(0, np.int64), np.zeros(0, np.int64))
    buffer = np.frombuffer(data, np.uint8)
    heads = np.flatnonzero(buffer[: count - PAD] == _TAG)
    sizes, starts, sound = varints(buffer, heads + 1)
    sound &= sizes <= count
    ends = starts + np.where(sound, sizes, 0).view(np.int64)
    whole = np.flatnonzero(sound & (ends <= count))
    heads, starts, ends = heads[whole], starts[whole], ends[whole]
    if not len(heads) or heads[0]:
        return Spans(heads[:0], heads[:0])
    nobody = len(heads)
    at = np.full(count + 1, nobody, np.int32)
    at[heads] = np.arange(nobody, dtype=np.int32)
    found = _followed(np.append(at[ends], nobody).astype(np.int64))
    return Spans(starts[found], ends[found])


def _followed(following: Int64) -> Int64:
    """The links of the chain from link 0 on, ascending.

    Parameters
    ----------
    following : numpy.ndarray of int64, shape (n + 1,)
        The link after each, always a later one; n stands for none, and follows itself.
    """
    nobody = len(following) - 1
    leaps = [following]
    for _ in range(_LEAPS):
        leaps.append(leaps[-1][leaps[-1]])
    far = leaps.pop()
    link, stops = 0, []
    while link != nobody:
        stops.append(link)
        link = int(far[link])
    found = np.array(stops, np.int64)
    for leap in reversed(leaps):
        found = np.concatenate((found, leap[found]))
    return np.sort(found[found != nobody])


def _one_by_one(data: bytearray, place: int, count: int) -> tuple[list[int], int, str]:
    """Begins and ends of the packets from ``place`` on, the place behind, and what is wrong."""
    found: list[int] = []
    add = found.append
    while place + 1 < count:
        if data[place] != _TAG:
            return found, place, "what is no packet"
        size = data[place + 1]
        start = place + 2
        if size >= 0x80:
            shift = 7
            size &= 0x7F
            while True:
                if start >= count:
                    return found, place, ""
                byte = data[start]
                size |= (byte & 0x7F) << shift
                start += 1
                if byte < 0x80:
                    break
                shift += 7
                if shift >= 7 * _LONGEST_LENGTH:
                    return found, place, "a packet without a length"
        end = start + size
        if end > count:
            return found, place, ""
        add(start)
        add(end)
        place = end
    if place < count and data[place] != _TAG:
        return found, place, "what is no packet"
    return found, place, ""
