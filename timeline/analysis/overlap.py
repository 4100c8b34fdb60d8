"""How long engines were busy together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from timeline.analysis.work import CORE_ENGINES, Work

__all__ = ["Overlap", "overlap", "overlaps"]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Time that a set of engines was busy together.

    Attributes
    ----------
    engines : tuple of str
        In alphabetical order.
    overlap_ns : int
        |B(e) ∩ B(f) ∩ …|, ns.
    ratio : float or None
        overlap / min(|B(e)|, |B(f)|, …): 1 when the shortest is hidden wholly. None when one of
        the engines was never busy: there was nothing to hide.
    """

    engines: tuple[str, ...]
    overlap_ns: int
    ratio: float | None


def overlap(work: Work, *engines: str) -> Overlap:
    """Overlap of any set of engines.

    Parameters
    ----------
    *engines : str
        Two or more of :data:`timeline.engines.ENGINES`.
    """
    shared = work.overlap_ns(*engines)
    shortest = min(work.busy_ns(engine) for engine in engines)
    return Overlap(tuple(sorted(engines)), shared, shared / shortest if shortest else None)


def overlaps(work: Work) -> tuple[Overlap, ...]:
    """Overlaps of all pairs of engines to report, then of threes.

    The three that make a pipeline (H2D, SM, D2H) always; others that did overlap.
    """
    return tuple(_chosen(work))


def _chosen(work: Work) -> Iterator[Overlap]:
    names = sorted(work.engines)
    for pair in combinations(names, 2):
        yield overlap(work, *pair)
    for three in combinations(names, 3):
        found = overlap(work, *three)
        if found.overlap_ns or set(three) == set(CORE_ENGINES):
            yield found
