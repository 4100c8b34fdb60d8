"""Activities by name: how many, and how long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from timeline.analysis.work import Work
from timeline.engines import ENGINES

__all__ = ["NameSummary", "summary"]


@dataclass(frozen=True, slots=True)
class NameSummary:
    """Durations of the activities of one name on one engine, ns.

    Attributes
    ----------
    total_ns : int
        Σ (end − start); those that ran at once count each.
    bytes : int or None
        Bytes copied or set by all of them; None for kernels.
    """

    name: str
    engine: str
    count: int
    total_ns: int
    min_ns: int
    max_ns: int
    bytes: int | None

    @property
    def mean_ns(self) -> float:
        """Mean duration, ns."""
        return self.total_ns / self.count


def summary(work: Work) -> tuple[NameSummary, ...]:
    """One entry for each name and engine, longest total first."""
    if not len(work.rows):
        return ()
    names = work.trace.names("activities", "name")
    key = (work.column("name").astype(np.int64) + 1) * (len(ENGINES) + 1) + work.engine_codes + 1
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.diff(key[order], prepend=-1))
    lasted = (work.ends - work.starts)[order]
    moved = work.column("bytes")[order]
    columns = zip(
        key[order][first].tolist(),
        np.diff(np.append(first, len(order))).tolist(),
        np.add.reduceat(lasted, first).tolist(),
        np.minimum.reduceat(lasted, first).tolist(),
        np.maximum.reduceat(lasted, first).tolist(),
        np.add.reduceat(np.maximum(moved, 0), first).tolist(),
        np.maximum.reduceat(moved, first).tolist(),
        strict=True,
    )
    found = [
        NameSummary(
            _name(names, key // (len(ENGINES) + 1) - 1),
            _name(ENGINES, key % (len(ENGINES) + 1) - 1),
            count,
            total,
            least,
            most,
            nbytes if largest >= 0 else None,
        )
        for key, count, total, least, most, nbytes, largest in columns
    ]
    return tuple(sorted(found, key=lambda row: (-row.total_ns, row.name)))


def _name(names: object, code: int) -> str:
    return str(names[code]) if code >= 0 else ""  # type: ignore[index]
