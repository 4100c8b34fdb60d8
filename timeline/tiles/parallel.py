"""Doing the same to many pieces on all cores; NumPy frees the interpreter while it computes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["PIECE", "each", "pieces"]

Item = TypeVar("Item")
Made = TypeVar("Made")

PIECE = 1 << 19
"""Rows that are worked on at once: their columns stay in a core's cache."""

_MOST_THREADS = 8


def each(make: Callable[[Item], Made], items: Iterable[Item]) -> list[Made]:
    """What ``make`` returns for each item, in their order."""
    todo = list(items)
    threads = min(len(todo), os.cpu_count() or 1, _MOST_THREADS)
    if threads < 2:
        return [make(item) for item in todo]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(make, todo))


def pieces(count: int, size: int = PIECE) -> list[tuple[int, int]]:
    """Bounds of the pieces of so many rows; one piece, perhaps empty, at least."""
    return [(lo, min(lo + size, count)) for lo in range(0, max(count, 1), size)]
