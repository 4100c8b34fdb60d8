"""Spans inside kernels, summed up by kernel and role."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from timeline.analysis.work import Work
from timeline.intervals import Int64

__all__ = ["RoleSpans", "role_spans"]


@dataclass(frozen=True, eq=False, slots=True)
class RoleSpans:
    """Extremes of a role's stamps over the blocks of each kernel, ns; arrays of shape (n,).

    A kernel without such a stamp has ``known`` False, and its times mean nothing.
    """

    known: np.ndarray[tuple[int], np.dtype[np.bool_]]
    first_start: Int64
    last_start: Int64
    first_end: Int64
    last_end: Int64


def role_spans(work: Work, places: Int64, *roles: str) -> RoleSpans:
    """Stamps of ``roles`` (of all, without any) of the kernels at ``places`` of ``work``.

    Stamps are tied to kernels by correlation id. Kernels that share one, as those of a graph do,
    have none.
    """
    if not work.trace.rows("stamps"):
        return _unknown(len(places))
    issued = work.column("correlation")
    distinct, counts = np.unique(issued, return_counts=True)
    alone = distinct[(counts == 1) & (distinct >= 0)]
    rows = _rows(work, alone, roles)
    column = work.trace.column
    kernel = column("stamps", "correlation")[rows]
    order = np.argsort(kernel, kind="stable")
    rows, kernel = rows[order], kernel[order]
    first = np.flatnonzero(np.diff(kernel, prepend=-1))
    wanted = issued[places]
    at = np.minimum(np.searchsorted(kernel[first], wanted), max(len(first) - 1, 0))
    if not len(first):
        return _unknown(len(places))
    start, end = column("stamps", "start")[rows], column("stamps", "end")[rows]
    return RoleSpans(
        np.asarray(kernel[first][at] == wanted),
        np.minimum.reduceat(start, first)[at],
        np.maximum.reduceat(start, first)[at],
        np.minimum.reduceat(end, first)[at],
        np.maximum.reduceat(end, first)[at],
    )


def _unknown(count: int) -> RoleSpans:
    none = np.zeros(count, np.int64)
    return RoleSpans(np.zeros(count, np.bool_), none, none, none, none)


def _rows(work: Work, kernels: Int64, roles: tuple[str, ...]) -> Int64:
    column = work.trace.column
    device = column("stamps", "device")
    keep = work.concerns(device) & np.isin(column("stamps", "correlation"), kernels)
    if roles:
        names = work.trace.names("stamps", "role")
        codes = [code for code, name in enumerate(names) if name in roles]
        keep = keep & np.isin(column("stamps", "role"), codes)
    return np.flatnonzero(keep)
