"""Names by number: what nsys keeps in ``StringIds``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.formats.nsys_sqlite.rows import Rows, Tables

__all__ = ["Names", "Strings", "function_name"]

Int64 = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Names = tuple[Codes, list[str]]
"""A dictionary column as :func:`timeline.trace.table` takes it."""

_SUFFIX = re.compile(r"_v\d+$")
_DENSE = 1 << 22


class Strings:
    """The texts of a file.

    Parameters
    ----------
    tables : Tables
        Of which ``StringIds`` is read; without it every name is missing.
    """

    def __init__(self, tables: Tables) -> None:
        ids, texts = tables.values("StringIds", "id", "value")
        self._texts = {
            number: text
            for number, text in zip(ids, texts, strict=True)
            if isinstance(number, int) and isinstance(text, str)
        }

    def get(self, number: Any) -> str | None:
        """The text with this number."""
        return self._texts.get(number)

    def names(
        self, rows: Rows, column: str, missing: str, shown: Callable[[str], str] = str
    ) -> Names:
        """A column of numbers as a dictionary column of texts.

        Parameters
        ----------
        missing : str
            Name of a number that is null, or that has no text.
        shown : callable
            What to make of each text.
        """
        if column not in rows:
            return np.zeros(len(rows), np.int32), [missing]
        numbers, places = _distinct(rows[column])
        known: dict[str, int] = {}
        texts = (self._texts.get(number) for number in numbers.tolist())
        codes = [
            known.setdefault(missing if text is None else shown(text), len(known)) for text in texts
        ]
        found = np.array(codes, np.int32)[places]
        null = rows.null(column)
        if null.any():
            found[null] = known.setdefault(missing, len(known))
        return found, list(known)


def _distinct(numbers: Int64) -> tuple[Int64, Int64]:
    """The different numbers, and of each number its place among them."""
    if not numbers.size:
        return numbers, numbers
    if int(numbers.min()) >= 0 and int(numbers.max()) < _DENSE:
        used = np.flatnonzero(np.bincount(numbers))
        place = np.zeros(int(used[-1]) + 1, np.int64)
        place[used] = np.arange(len(used))
        return used, place[numbers]
    found, places = np.unique(numbers, return_inverse=True)
    return found, places


def function_name(text: str) -> str:
    """A function of the API without the version that CUPTI appends: ``cudaMalloc_v3020``."""
    return _SUFFIX.sub("", text)
