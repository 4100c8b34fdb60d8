"""What is kept of a rank: a few figures, and what its clock can be aligned by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

__all__ = ["Anchors", "DeviceFigures", "RankSummary"]

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DeviceFigures:
    """A device of a rank; times in ns, ratios None where undefined.

    Attributes
    ----------
    busy_ns : mapping of str to int
        |B(e)| of each engine.
    busy_any_ns : int
        Time during which any engine was busy.
    """

    device: int
    activities: int
    makespan_ns: int
    busy_ns: Mapping[str, int]
    busy_any_ns: int
    copy_ns: int
    hidden_copy_ns: int
    bound_ns: int

    @property
    def idle_ratio(self) -> float | None:
        """Part of the makespan in which no engine was busy."""
        return 1 - self.busy_any_ns / self.makespan_ns if self.makespan_ns else None

    @property
    def hidden_copy_ratio(self) -> float | None:
        """|B(copy) ∩ B(SM)| / |B(copy)|."""
        return self.hidden_copy_ns / self.copy_ns if self.copy_ns else None

    @property
    def exposed_copy_ns(self) -> int:
        """|B(copy)| − |B(copy) ∩ B(SM)|."""
        return self.copy_ns - self.hidden_copy_ns

    @property
    def pipeline_efficiency(self) -> float | None:
        """Bound / makespan."""
        return self.bound_ns / self.makespan_ns if self.makespan_ns else None


@dataclass(frozen=True, eq=False, slots=True)
class Anchors:
    """What happens on all ranks of a job, in Unix ns; the first of each, a few thousand at most.

    Attributes
    ----------
    collectives : tuple of str
        Names of the collective kernels of the device that has most, in their order.
    starts, ends : numpy.ndarray of int64, shape (n,)
        Of those.
    ranges : mapping of str to int
        First start of each NVTX range or mark.
    first : int or None
        Start of the first activity.
    """

    collectives: tuple[str, ...]
    starts: Int64
    ends: Int64
    ranges: Mapping[str, int]
    first: int | None


@dataclass(frozen=True, eq=False, slots=True)
class RankSummary:
    """A rank.

    Attributes
    ----------
    rank : int or None
        Its number, as the trace or the name of its place tells; None if neither does.
    place : str
        Where its trace is.
    notes : tuple of str
        What its trace says of itself.
    missing : tuple of str
        What was recorded and is not in its trace.
    failure : str
        Why it could not be read; empty if it could.
    """

    rank: int | None
    place: str
    devices: tuple[DeviceFigures, ...] = ()
    anchors: Anchors | None = None
    notes: tuple[str, ...] = field(default=())
    missing: tuple[str, ...] = field(default=())
    failure: str = ""
