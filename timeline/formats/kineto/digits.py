"""Runs of ASCII digits, and bytes to compare, at many places of a buffer, eight at a time.

Eight bytes are one little-endian ``uint64``, its lowest byte the first digit. Pairs, then fours,
then eight of them are put together by multiplications that never carry from one lane into the next.
What lies at a place is copied out first, as one item of that many bytes: NumPy takes those from any
place, about as fast as a single byte.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

__all__ = ["WIDTH", "UInt64", "count_digits", "digits", "gather"]

UInt64 = npt.NDArray[np.uint64]
Int64 = npt.NDArray[np.int64]

WIDTH = 8
"""Bytes of a word."""

_U = np.uint64
_ZEROS = _U(0x3030303030303030)
_ABOVE_NINE = _U(0x7676767676767676)
_HIGH = _U(0x8080808080808080)
_ONES = _U(0x0101010101010101)
_PAIRS = ((10, 8, 0x00FF00FF00FF00FF), (100, 16, 0x0000FFFF0000FFFF), (10_000, 32, 2**32 - 1))
_STEPS = tuple((_U((factor << shift) + 1), _U(shift), _U(mask)) for factor, shift, mask in _PAIRS)
"""Of each step: what puts a digit, or number, and the one after it together, in the upper of two
lanes; how far down it then goes; the lanes that hold it."""
_POWERS = np.array([10**k for k in range(WIDTH + 1)], np.uint64)


@cache
def _item(size: int) -> np.dtype[np.void]:
    return np.dtype(f"V{size}")


def gather(data: bytearray, places: Int64, count: int) -> UInt64:
    """``count`` words from each place on; shape (n, count).

    The places may be as far as ``count`` words from the end of ``data``.
    """
    size = count * WIDTH
    items = np.ndarray((len(data) - size + 1,), _item(size), data, 0, (1,))
    return items[places].view(np.uint64).reshape(len(places), count)


def digits(words: UInt64) -> tuple[UInt64, Int64]:
    """Value and number of the digits that each row begins with; (0, 0) where there is none.

    Parameters
    ----------
    words : numpy.ndarray of uint64, shape (n, w)
        A run that fills all w words is not seen to its end. Exact up to 19 digits.
    """
    value, count = _eight(words[:, 0])
    for word in range(1, words.shape[1]):
        go_on = count == word * WIDTH
        if go_on.all():
            tail, length = _eight(words[:, word])
            value, count = value * _POWERS[length] + tail, count + length
            continue
        more = np.flatnonzero(go_on)
        if not more.size:
            break
        tail, length = _eight(words[more, word])
        value[more] = value[more] * _POWERS[length] + tail
        count[more] += length
    return value, count


def count_digits(words: UInt64) -> Int64:
    """Only the number of digits; see :func:`digits`."""
    count = _count(words[:, 0] ^ _ZEROS).view(np.int64)
    for word in range(1, words.shape[1]):
        more = np.flatnonzero(count == word * WIDTH)
        if not more.size:
            break
        count[more] += _count(words[more, word] ^ _ZEROS).view(np.int64)
    return count


def _count(nibbles: UInt64) -> UInt64:
    other = ((nibbles + _ABOVE_NINE) | nibbles) & _HIGH
    below = (other - _U(1)) & ~other  # the bits below the top one of the first other byte
    return ((below >> _U(7)) & _ONES) * _ONES >> _U(56)


def _eight(word: UInt64) -> tuple[UInt64, Int64]:
    nibbles = word ^ _ZEROS
    count = _count(nibbles)
    lanes = nibbles << ((_U(WIDTH) - count) << _U(3))  # a shift by 64 is 0 in NumPy
    for factor, shift, mask in _STEPS:
        lanes = (lanes * factor >> shift) & mask
    return lanes, count.view(np.int64)
