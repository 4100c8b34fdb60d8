"""What recordings say of each quantity of a device."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Observations"]

Array = npt.NDArray[np.float64]


@dataclass(eq=False)
class Observations:
    """Pairs (x, y) by quantity: x is a size in bytes (0 where none matters), y what was measured.

    A quantity is named after its place in a device file, such as ``copy.h2d_ns``.
    """

    _found: dict[str, list[tuple[Array, Array]]] = field(default_factory=dict)

    def add(self, quantity: str, y: npt.ArrayLike, x: npt.ArrayLike | None = None) -> None:
        """Add observations; ``x`` and ``y`` have the same length."""
        values = np.asarray(y, np.float64)
        at = np.zeros(len(values)) if x is None else np.asarray(x, np.float64)
        if len(values):
            self._found.setdefault(quantity, []).append((at, values))

    def of(self, quantity: str) -> tuple[Array, Array]:
        """All observations of a quantity: x and y."""
        found = self._found.get(quantity, [])
        empty = np.zeros(0)
        x = np.concatenate([each for each, _ in found]) if found else empty
        y = np.concatenate([each for _, each in found]) if found else empty
        return x, y

    def quantities(self) -> list[str]:
        """Names of what was observed, in order."""
        return sorted(self._found)

    @classmethod
    def merged(cls, parts: Iterable[Observations]) -> Observations:
        """Those of several recordings together."""
        made = cls()
        for part in parts:
            for quantity, pairs in part._found.items():
                made._found.setdefault(quantity, []).extend(pairs)
        return made
