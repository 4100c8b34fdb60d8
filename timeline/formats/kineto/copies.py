"""What the name of a copy says of it, and the engine of each activity."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from timeline.engines import engine_of
from timeline.formats.kineto.rows import Columns

__all__ = ["copies_and_engines"]

_COPY = re.compile(r"Memcpy (HtoD|DtoH|DtoD|PtoP|HtoH)(?: \((\w+) -> (\w+)\))?")
_MEMORY = frozenset(("pageable", "pinned", "device", "managed", "array"))


def copies_and_engines(columns: Columns, names: Sequence[str]) -> dict[str, Any]:
    """What the name of a copy says of it, and the engine of each activity."""
    kinds, of_kind = np.unique(columns["kind"], return_inverse=True)
    found: dict[str, Any] = {}
    pairs = of_kind.astype(np.int64) * len(names) + columns["name"]
    used = np.flatnonzero(np.bincount(pairs, minlength=0))
    place = np.zeros(int(used[-1]) + 1 if len(used) else 0, np.int32)
    place[used] = np.arange(len(used))
    texts: dict[str, list[str | None]] = {
        key: [] for key in ("copy_kind", "src_kind", "dst_kind", "engine")
    }
    for pair in used.tolist():
        kind, name = names[kinds[pair // len(names)]], names[pair % len(names)]
        copy, source, target = _copy(name) if kind == "memcpy" else (None, None, None)
        texts["copy_kind"].append(copy)
        texts["src_kind"].append(source)
        texts["dst_kind"].append(target)
        unknown = kind == "memcpy" and copy is None
        texts["engine"].append(None if unknown else engine_of(kind, copy))
    rows = place[pairs]
    for key, values in texts.items():
        known = [value for value in dict.fromkeys(values) if value is not None]
        codes = np.array([known.index(v) if v is not None else -1 for v in values], np.int32)
        found[key] = (codes[rows], known)
    return found


def _copy(name: str) -> tuple[str | None, str | None, str | None]:
    """Direction and kinds of memory out of "Memcpy HtoD (Pageable -> Device)"."""
    match = _COPY.match(name)
    if match is None:
        return None, None, None
    ends = [end and end.lower() for end in match.groups()[1:]]
    source, target = (end if end in _MEMORY or end is None else "unknown" for end in ends)
    return match[1], source, target
