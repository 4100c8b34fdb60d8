"""NVTX ranges as rows of ``NVTX_EVENTS``, with the names of their domains and categories."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.formats.nsys_sqlite.out_ids import Ids, StringTable, numbers
from timeline.formats.nsys_sqlite.out_rows import Shaped, words
from timeline.formats.nsys_sqlite.words import MARKS, PUSH_POP, START_END
from timeline.trace.columns import one_chunk, to_numpy

__all__ = ["names", "ranges"]

Array = npt.NDArray[Any]

_KINDS = ("push_pop", "start_end", "mark")
_TYPES = np.array([PUSH_POP[0], START_END[0], MARKS[0]])
_DOMAIN, _CATEGORY = 75, 33


def ranges(table: pa.Table, ids: Ids, strings: StringTable) -> Shaped:
    """Rows of ranges and marks."""
    kinds = np.ma.filled(words(table, "kind", _KINDS), 0)
    start, thread = numbers(table, "start"), ids.global_tid(table)
    mark, crossing = kinds == _KINDS.index("mark"), kinds == _KINDS.index("start_end")
    return {
        "start": start,
        "end": np.ma.masked_array(numbers(table, "end"), mark),
        "eventType": _TYPES[kinds],
        "category": _numbered(table, "category"),
        "color": numbers(table, "color"),
        "globalTid": thread,
        "endGlobalTid": np.ma.masked_array(thread, ~crossing),
        "textId": strings.column(table, "name", ""),
        "domainId": np.ma.filled(_numbered(table, "domain"), 0),
        **_payloads(table),
    }


def names(table: pa.Table, ids: Ids, first_ns: int) -> Shaped:
    """The rows that name domains and categories, of each process that uses them."""
    thread = ids.global_pid(table)
    domain = np.ma.filled(_numbered(table, "domain"), 0)
    category = np.ma.filled(_numbered(table, "category"), 0)
    domains, categories = _texts(table, "domain"), _texts(table, "category")
    used = np.unique(np.stack([thread, domain, category]), axis=1).T.tolist()
    rows = {(pid, _DOMAIN, d, 0): domains[d] for pid, d, _ in used if d}
    rows |= {(pid, _CATEGORY, d, c): categories[c] for pid, d, c in used if c}
    keys = np.array(list(rows), np.int64).reshape(-1, 4)
    return {
        "start": np.full(len(rows), first_ns),
        "eventType": keys[:, 1],
        "category": np.ma.masked_array(keys[:, 3], keys[:, 3] == 0),
        "text": np.array(list(rows.values()), object),
        "globalTid": keys[:, 0],
        "domainId": keys[:, 2],
    }


def _numbered(table: pa.Table, name: str) -> Array:
    """A dictionary column as numbers from 1; nulls masked."""
    codes = to_numpy(one_chunk(table[name])).astype(np.int64)
    return np.ma.masked_array(codes + 1, codes < 0)


def _texts(table: pa.Table, name: str) -> list[str]:
    """The texts of :func:`_numbered`, by number."""
    return ["", *(text or "" for text in one_chunk(table[name]).dictionary.to_pylist())]


def _payloads(table: pa.Table) -> Shaped:
    """Payloads in the column of their type; a text that is no number goes where JSON does."""
    column = table["payload"]
    if column.null_count == len(column):
        return {}
    found: dict[str, Array] = {
        name: np.full(len(column), None, object)
        for name in ("int64Value", "uint64Value", "doubleValue", "jsonText")
    }
    for row, text in enumerate(column.to_pylist()):
        if text is not None:
            name, value = _typed(text)
            found[name][row] = value
    return found


def _typed(text: str) -> tuple[str, Any]:
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        if str(value) != text or value != value:  # SQLite makes a NaN a null
            break
        if isinstance(value, float):
            return "doubleValue", value
        if -(2**63) <= value < 2**63:
            return "int64Value", value
        if value < 2**64:
            return "uint64Value", value - 2**64
    return "jsonText", text
