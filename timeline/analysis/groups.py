"""Groups of activities that a user names, and how long they ran beside one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from timeline.analysis.communication import busy_of
from timeline.analysis.selection import Selection
from timeline.analysis.work import Work
from timeline.intervals import intersect, measure, subtract

__all__ = ["Group", "GroupOverlap", "group_overlaps", "groups"]


@dataclass(frozen=True, slots=True)
class Group:
    """Activities of one name.

    Attributes
    ----------
    activities : int
        How many there are.
    busy_ns : int
        |B(group)|, ns.
    alone_ns : int
        |B(group) − ∪ B(others)|, ns: beside no other activity of the device.
    """

    name: str
    activities: int
    busy_ns: int
    alone_ns: int


@dataclass(frozen=True, slots=True)
class GroupOverlap:
    """Two groups at once.

    Attributes
    ----------
    groups : (str, str)
        Their names.
    overlap_ns : int
        |B(a) ∩ B(b)|, ns; activities of both groups count too.
    ratio : float or None
        overlap / min(|B(a)|, |B(b)|); None when one was never busy.
    """

    groups: tuple[str, str]
    overlap_ns: int
    ratio: float | None


def groups(work: Work, chosen: Mapping[str, Selection]) -> tuple[Group, ...]:
    """Each group of the device.

    Parameters
    ----------
    chosen : mapping of str to Selection
        What belongs to the group of that name.
    """
    found = []
    for name, selection in chosen.items():
        mine = selection.rows(work)
        busy = busy_of(work, mine)
        alone = subtract(*busy, *busy_of(work, ~mine))
        found.append(Group(name, int(mine.sum()), measure(*busy), measure(*alone)))
    return tuple(found)


def group_overlaps(work: Work, chosen: Mapping[str, Selection]) -> tuple[GroupOverlap, ...]:
    """Overlap of each two groups, in the order in which they are named.

    Parameters
    ----------
    chosen : mapping of str to Selection
        What belongs to the group of that name.
    """
    busy = {name: busy_of(work, selection.rows(work)) for name, selection in chosen.items()}
    found = []
    for one, other in combinations(busy, 2):
        shared = measure(*intersect(*busy[one], *busy[other]))
        shortest = min(measure(*busy[one]), measure(*busy[other]))
        found.append(GroupOverlap((one, other), shared, shared / shortest if shortest else None))
    return tuple(found)
