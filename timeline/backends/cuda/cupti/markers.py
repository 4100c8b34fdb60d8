"""NVTX ranges and marks that reached CUPTI: rows of ``ranges``.

A range is two records with one id, a start that has the name and an end; colour, category and
payload are in a third. They may come in different buffers.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pyarrow as pa

from timeline.backends.cuda.cupti.fields import Array, Records, looked_up, unsigned
from timeline.backends.cuda.cupti.kinds import MarkerFlag, PayloadKind
from timeline.backends.cuda.cupti.names import Codes, Strings
from timeline.trace import table
from timeline.trace.columns import Masked

__all__ = ["DEFAULT_DOMAIN", "Markers"]

DEFAULT_DOMAIN = "NVTX"
"""Name of NVTX's default domain, as the nvtx package has it."""

_KINDS = ("push_pop", "start_end", "mark")
_OF_PROCESS = 1  # CUPTI_ACTIVITY_OBJECT_PROCESS: nvtxRangeStart, which any thread may end
_ARGB = 2  # CUPTI_ACTIVITY_FLAG_MARKER_COLOR_ARGB


class Markers:
    """Pairs starts with ends, over as many drains as it takes."""

    def __init__(self, names: Strings, domains: Strings) -> None:
        self._names = names
        self._domains = domains
        self._open: Records | None = None
        self._data: Records | None = None

    def ranges(
        self, markers: Records | None, data: Records | None, *, until: int | None = None
    ) -> pa.Table:
        """Ranges that are complete.

        Parameters
        ----------
        markers, data : structured arrays
            Records of MARKER and of MARKER_DATA.
        until : int, optional
            Now: nothing more will come, and ranges that are still open end here.
        """
        records, data = _joined(self._open, markers), _joined(self._data, data)
        if records is None:
            self._data = data
            return table("ranges", {}, 0)
        flags = records["flags"]
        starts = records.where((flags & (MarkerFlag.START | MarkerFlag.INSTANTANEOUS)) != 0)
        ends = records.where((flags & MarkerFlag.END) != 0)
        end, closed = self._ends(starts, ends)
        if until is not None:
            end, closed = np.where(closed, end, until), np.ones(len(starts), np.bool_)
        done = starts.where(closed)
        made = self._table(done, end[closed], data)
        self._open = starts.where(~closed) if not closed.all() else None
        self._data = _of(data, self._open)
        return made

    def _ends(self, starts: Records, ends: Records) -> tuple[Array, Array]:
        mark = (starts["flags"] & MarkerFlag.INSTANTANEOUS) != 0
        index, found = looked_up(ends["id"], starts["id"])
        times = ends["timestamp"][index] if len(ends) else np.zeros(len(starts), np.int64)
        return np.where(mark, starts["timestamp"], times), found | mark

    def _table(self, records: Records, end: Array, data: Records | None) -> pa.Table:
        count = len(records)
        mark = (records["flags"] & MarkerFlag.INSTANTANEOUS) != 0
        process = records["objectKind"] == _OF_PROCESS
        kind = np.where(mark, 2, np.where(process, 1, 0)).astype(np.int32)
        thread = unsigned(records, "objectId.pt.threadId")
        columns: dict[str, Any] = {
            "name": self._names.codes(records["name"]),
            "kind": (kind, _KINDS),
            "domain": self._domains.codes(records["domain"], DEFAULT_DOMAIN),
            "start": records["timestamp"],
            "end": end,
            "process": np.full(count, os.getpid(), np.int64),
            "thread": Masked(thread, process),
        }
        if data is not None and len(data):
            columns |= _described(records["id"], data)
        return table("ranges", columns, count)


def _described(ids: Array, data: Records) -> dict[str, Any]:
    index, found = looked_up(data["id"], ids)
    rows = data.where(index)
    coloured = found & ((rows["flags"] & _ARGB) != 0)
    return {
        "color": Masked(rows["color"], ~coloured),
        "category": _categories(np.where(found, rows["category"], 0)),
        "payload": _payloads(rows, found),
    }


def _categories(numbers: Array) -> Codes:
    """Categories by number, as CUPTI does not pass their names on; 0 is none."""
    distinct, codes = np.unique(numbers, return_inverse=True)
    shift = 1 if len(distinct) and distinct[0] == 0 else 0
    names = [str(number) for number in distinct[shift:].tolist()]
    return codes.astype(np.int32) - shift, names


def _payloads(rows: Records, found: Array) -> list[str | None]:
    """Payloads as text. Without one NVTX passes the integer 0, which can't be told from none."""
    kinds, bits = rows["payloadKind"], rows["payload"]
    given = found & (bits != 0)
    if not given.any():
        return [None] * len(rows)
    real = bits.view(np.float64)
    whole = (PayloadKind.UINT64, PayloadKind.INT64, PayloadKind.THROUGHPUT)
    return [
        None if not there else str(int(bit)) if kind in whole else repr(float(value))
        for there, kind, bit, value in zip(given, kinds, bits, real, strict=True)
    ]


def _joined(held: Records | None, fresh: Records | None) -> Records | None:
    if held is None or fresh is None:
        return fresh if held is None else held
    return Records.joined([held, fresh])


def _of(data: Records | None, records: Records | None) -> Records | None:
    """The data of the markers that are still open."""
    if data is None or records is None:
        return None
    return data.where(np.isin(data["id"], records["id"]))
