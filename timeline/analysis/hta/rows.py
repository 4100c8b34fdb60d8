"""What HTA takes for work of the GPU: every row that carries a stream."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.intervals import Int64
from timeline.trace import Trace

__all__ = [
    "COMMUNICATION",
    "COMPUTATION",
    "MEMORY",
    "OTHER",
    "GpuRows",
    "carrying_stream",
    "clock_offset_ns",
    "floats_us",
    "kernel_type",
]

Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]

COMMUNICATION, MEMORY, COMPUTATION, OTHER = range(4)
"""HTA's kernel types."""

_TALKS = re.compile(r"^nccl.*Kernel")
_MOVES = re.compile(r"(^Memcpy)|(^Memset)|(^dma)")
_COMPUTES_NOT = re.compile(r"(^nccl.*Kernel)|(.*(Memcpy)|(Memset))|(.*Sync)")
_SYNC_NAMES = {
    "event_synchronize": "Event Sync",
    "stream_wait_event": "Stream Wait Event",
    "stream_synchronize": "Stream Sync",
    "device_synchronize": "Context Sync",
}
_US = 1000
_EXACT_FLOAT = 1 << 53


def kernel_type(name: str) -> int:
    """``get_kernel_type``: what a row is goes by its name alone."""
    if _TALKS.match(name):
        return COMMUNICATION
    if _MOVES.match(name):
        return MEMORY
    return OTHER if _COMPUTES_NOT.match(name) else COMPUTATION


@dataclass(frozen=True, eq=False, slots=True)
class GpuRows:
    """Rows that count as work.

    Attributes
    ----------
    starts, ends : numpy.ndarray of int64, shape (n,)
        Trace time, ns.
    kinds : numpy.ndarray of int8, shape (n,)
        :data:`COMMUNICATION` to :data:`OTHER`.
    correlations : numpy.ndarray of int64, shape (n,)
        -1 for none.
    offset_ns : int
        What to add for the file's own clock.
    """

    starts: Int64
    ends: Int64
    kinds: Codes
    correlations: Int64
    offset_ns: int

    def of(self, rows: Mask) -> GpuRows:
        """Only these rows."""
        return dataclasses.replace(
            self,
            starts=self.starts[rows],
            ends=self.ends[rows],
            kinds=self.kinds[rows],
            correlations=self.correlations[rows],
        )

    def plus(self, other: GpuRows) -> GpuRows:
        """These rows and others."""
        return GpuRows(
            np.concatenate((self.starts, other.starts)),
            np.concatenate((self.ends, other.ends)),
            np.concatenate((self.kinds, other.kinds)),
            np.concatenate((self.correlations, other.correlations)),
            self.offset_ns,
        )

    def rounded_us(self) -> tuple[Int64, Int64]:
        """``round_down_time_stamps``: starts up and ends down to whole µs, by HTA's floats."""
        starts = floats_us(self.starts + self.offset_ns)
        ends = starts + floats_us(self.ends - self.starts)
        return np.ceil(starts).astype(np.int64), np.floor(ends).astype(np.int64)


def floats_us(ns: Int64) -> npt.NDArray[np.float64]:
    """The nearest float to a time in µs, as JSON's readers make it of the text."""
    whole, rest = np.divmod(ns, _US)
    near = np.abs(ns) < _EXACT_FLOAT
    return np.where(near, ns / _US, whole.astype(np.float64) + rest / _US)


def clock_offset_ns(trace: Trace) -> int:
    """From trace time to the clock of a Kineto file; 0 for other traces."""
    base = trace.meta.provenance.get("baseTimeNanoseconds", 0)
    known = trace.meta.source == "kineto" and type(base) is int
    return trace.meta.epoch_ns - base if known else 0


def carrying_stream(trace: Trace, table: str) -> GpuRows:
    """The rows of a table that carry a stream, with the kinds that their names give.

    Parameters
    ----------
    table : str
        ``activities``; or ``syncs`` or ``ranges``, of which HTA takes those for work as well.
    """
    column = "kind" if table == "syncs" else "name"
    names = trace.names(table, column)
    if table == "syncs":
        names = [_SYNC_NAMES.get(kind, "Sync") for kind in names]
    types = np.array([*map(kernel_type, names), OTHER], np.int8)
    rows = np.flatnonzero(trace.column(table, "stream") >= 0)
    correlated = "correlation" in trace.tables[table].column_names
    return GpuRows(
        trace.column(table, "start")[rows],
        trace.column(table, "end")[rows],
        types[trace.column(table, column)[rows]],
        trace.column(table, "correlation")[rows] if correlated else np.full(len(rows), -1),
        clock_offset_ns(trace),
    )
