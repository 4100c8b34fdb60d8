"""Kernel families: kernels of one name, whatever their template arguments, share a shade."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from timeline.figures.escape import short
from timeline.figures.palette import SM_SHADES
from timeline.trace import Trace

__all__ = ["families", "kept", "shades"]


def families(traces: Iterable[Trace]) -> tuple[str, ...]:
    """Families of all kernels, in the order in which they first start.

    Beyond the palette's shades, the families with the most time keep one of their own.
    """
    busy: dict[str, int] = {}
    for trace in traces:
        for name, time_ns in _kernel_time(trace).items():
            busy[name] = busy.get(name, 0) + time_ns
    return kept(busy)


def kept(busy: Mapping[str, int]) -> tuple[str, ...]:
    """Families that keep a shade of their own: those with the most time, in the order given."""
    most = sorted(busy, key=lambda name: -busy[name])[: len(SM_SHADES)]
    return tuple(name for name in busy if name in most)


def _kernel_time(trace: Trace) -> dict[str, int]:
    code, kind = trace.column("activities", "name"), trace.column("activities", "kind")
    kinds = trace.names("activities", "kind")
    if "kernel" not in kinds:
        return {}
    named = (kind == kinds.index("kernel")) & (code >= 0)
    length = trace.column("activities", "end") - trace.column("activities", "start")
    names = trace.names("activities", "name")
    totals = np.bincount(code[named], length[named], len(names))
    time_ns: dict[str, int] = {}
    for c in _first_seen(code[named]):
        time_ns[short(names[c])] = time_ns.get(short(names[c]), 0) + int(totals[c])
    return time_ns


def _first_seen(codes: npt.NDArray[np.int32]) -> list[int]:
    found, place = np.unique(codes, return_index=True)
    ordered: list[int] = found[np.argsort(place)].tolist()
    return ordered


def shades(names: list[str], known: tuple[str, ...]) -> npt.NDArray[np.int32]:
    """Index of the shade of each name of a dictionary; the last shade for unknown families."""
    place = {family: i for i, family in enumerate(known)}
    return np.array([place.get(short(n), len(SM_SHADES) - 1) for n in names], np.int32)
