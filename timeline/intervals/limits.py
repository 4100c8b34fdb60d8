"""What keeps int64 arithmetic on times exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.errors import TraceError

__all__ = ["LIMIT_NS", "exact_bincount", "exact_sum", "int64_pair", "require_span"]

Int64 = npt.NDArray[np.int64]

LIMIT_NS = 2**58
"""Longest span of one set of intervals, about nine years: sums of it, and times with a lane number
packed below them, fit int64."""

_EXACT_FLOAT = 2**53
_LOW_BITS = 26


def int64_pair(starts: npt.ArrayLike, ends: npt.ArrayLike) -> tuple[Int64, Int64]:
    """Both as int64 arrays of one length.

    Raises
    ------
    TypeError
        For times that are not integers: rounding is what this package does not do.
    ValueError
        For arrays of different shapes, or of more than one dimension.
    """
    first, last = _int64(starts), _int64(ends)
    if first.shape != last.shape or first.ndim != 1:
        raise ValueError(f"starts and ends of shapes {first.shape} and {last.shape}")
    return first, last


def _int64(values: npt.ArrayLike) -> Int64:
    array: npt.NDArray[Any] = np.asarray(values)
    if array.size == 0:
        return np.zeros(array.shape, np.int64)
    if array.dtype.kind not in "iu":
        raise TypeError(f"times are integers of ns, not {array.dtype}")
    if array.dtype == np.uint64 and int(array.max()) >= 2**63:
        raise TraceError("a time of 2**63 ns or more: not a time of this clock")
    return array.astype(np.int64, copy=False)


def require_span(first: int, last: int) -> None:
    """Refuse times so far apart that int64 sums of them could overflow.

    Raises
    ------
    TraceError
        When ``last - first`` is :data:`LIMIT_NS` or more.
    """
    if int(last) - int(first) >= LIMIT_NS:
        raise TraceError(
            f"times from {first} to {last} ns span nine years or more: they are not of one clock; "
            "leave out the records with wrong times"
        )


def exact_sum(values: Int64) -> int:
    """Sum without overflow, in two halves of each number when it could."""
    if values.size == 0:
        return 0
    largest = max(abs(int(values.max())), abs(int(values.min())))
    if largest * values.size < 2**63:
        return int(values.sum())
    low = int((values & 0xFFFFFFFF).sum())
    return (int((values >> 32).sum()) << 32) + low


def exact_bincount(codes: npt.NDArray[Any], weights: Int64, length: int) -> Int64:
    """``numpy.bincount`` of weights from 0 to ``LIMIT_NS`` that adds exactly.

    NumPy adds float64, which is exact below 2**53; larger totals are added in two halves.
    """
    if exact_sum(weights) < _EXACT_FLOAT:
        return np.bincount(codes, weights, length).astype(np.int64)
    low = np.bincount(codes, weights & ((1 << _LOW_BITS) - 1), length).astype(np.int64)
    high = np.bincount(codes, weights >> _LOW_BITS, length).astype(np.int64)
    return np.asarray((high << _LOW_BITS) + low)
