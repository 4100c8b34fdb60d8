"""Which names hold a text: what a search found in the dictionaries, which are short."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Bools", "Matches"]

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class Matches:
    """Outcome for one text.

    Attributes
    ----------
    by_table : mapping of str to (n,) bool
        Of each table whether the name of each code matches.
    count : int
        Spans that have such a name.
    """

    by_table: Mapping[str, Bools]
    count: int

    @property
    def nbytes(self) -> int:
        """Size."""
        return sum(codes.nbytes for codes in self.by_table.values())
