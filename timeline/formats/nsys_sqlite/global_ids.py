"""Processes and threads out of nsys's packed numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.formats.nsys_sqlite.rows import Rows

__all__ = ["known_processes", "known_threads", "process_of", "thread_of"]

Array = npt.NDArray[Any]
Int64 = npt.NDArray[np.int64]


def process_of(global_ids: Int64) -> Int64:
    """Process in a ``globalTid`` or ``globalPid``: hardware 8 bits, VM 8, process 24, thread 24."""
    return (global_ids >> 24) & 0xFFFFFF


def thread_of(global_ids: Int64) -> Int64:
    """Thread in a ``globalTid``."""
    return global_ids & 0xFFFFFF


def known_processes(rows: Rows) -> Array | None:
    """Process of each row, those that are not known masked; None if the table names none."""
    for name in ("globalPid", "globalTid"):
        if name in rows:
            return _masked(process_of(rows[name]), rows.null(name))
    return None


def known_threads(rows: Rows) -> Array | None:
    """Thread of each row, likewise."""
    if "globalTid" not in rows:
        return None
    return _masked(thread_of(rows["globalTid"]), rows.null("globalTid"))


def _masked(values: Int64, null: npt.NDArray[np.bool_]) -> Array:
    unknown = null | (values == 0)
    if not unknown.any():
        return values
    masked: Array = np.ma.masked_array(values, unknown)
    return masked
