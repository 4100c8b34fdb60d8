"""What in-kernel stamps cost: kernels that write them beside the same kernels that don't."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.trace import Trace

__all__ = ["StampCost", "stamp_cost"]


@dataclass(frozen=True, slots=True)
class StampCost:
    """Durations of a kernel with and without its stamps, medians over all its launches, ns.

    Attributes
    ----------
    stamps : float
        Stamps that a launch wrote, the mean.
    """

    kernel: str
    launches: int
    stamps: float
    with_ns: float
    without_ns: float

    @property
    def added_ns(self) -> float:
        """How much longer the kernel takes, ns."""
        return self.with_ns - self.without_ns

    @property
    def ratio(self) -> float:
        """What the kernel takes with stamps, as a multiple of its time without; NaN for 0 ns."""
        return self.with_ns / self.without_ns if self.without_ns else float("nan")


def stamp_cost(stamped: Trace, plain: Trace) -> tuple[StampCost, ...]:
    """One entry a kernel that writes stamps in the one trace and is in the other as well.

    Parameters
    ----------
    stamped, plain : Trace
        The same Program with the same parameters, recorded with and without stamps.
    """
    with_ns, without_ns = _durations(stamped), _durations(plain)
    written = _written(stamped)
    return tuple(
        StampCost(
            name,
            len(lengths),
            written[name] / len(lengths),
            float(np.median(lengths)),
            float(np.median(without_ns[name])),
        )
        for name, lengths in with_ns.items()
        if name in written and name in without_ns
    )


def _durations(trace: Trace) -> Mapping[str, npt.NDArray[np.int64]]:
    """Of the launches of each kernel, by name."""
    kinds = trace.names("activities", "kind")
    kernel = kinds.index("kernel") if "kernel" in kinds else -2
    kind, name = (trace.column("activities", c) for c in ("kind", "name"))
    code = np.where(kind == kernel, name, -1)
    length = trace.column("activities", "end") - trace.column("activities", "start")
    names = trace.names("activities", "name")
    return {names[c]: length[code == c] for c in np.unique(code[code >= 0]).tolist()}


def _written(trace: Trace) -> Mapping[str, int]:
    """Stamps of each kernel, by name."""
    issued = trace.column("activities", "correlation")
    launches, counts = np.unique(trace.column("stamps", "correlation"), return_counts=True)
    names, code = trace.names("activities", "name"), trace.column("activities", "name")
    found: dict[str, int] = {}
    for launch, count in zip(launches.tolist(), counts.tolist(), strict=True):
        for c in np.unique(code[(issued == launch) & (code >= 0)]).tolist():
            found[names[c]] = found.get(names[c], 0) + count
    return found
