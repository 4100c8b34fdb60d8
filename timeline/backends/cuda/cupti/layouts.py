"""Where the fields of an activity record lie: data made from CUPTI's headers, by version.

``layouts.json`` is written by ``tools/cupti_layouts.py``. From version to version CUPTI's structs
only grow at their end, so the layout of an older version of the same major one reads the records of
a newer one, once their true sizes are known; :mod:`timeline.backends.cuda.cupti.walk` learns those.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from timeline.errors import CuptiError

__all__ = ["Layout", "known_versions", "layout_for", "release"]

Dtype = np.dtype[Any]

_FILE = Path(__file__).with_name("layouts.json")
_FORMATS = {1: "u1", 2: "u2", 4: "i4", 8: "i8"}
_UNSIGNED = {"color": "u4", "address": "u8", "memoryPoolConfig.address": "u8"}
_VECTORS = {
    "grid": ("gridX", "gridY", "gridZ"),
    "block": ("blockX", "blockY", "blockZ"),
    "cluster": ("clusterX", "clusterY", "clusterZ"),
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Record types of one CUPTI version.

    Attributes
    ----------
    version : int
        Of the headers that it was made from.
    exact : bool
        Whether that is the version that was asked for, or the nearest older one.
    records : mapping of int to numpy.dtype
        Activity kind to a structured type of the fields that are read; its itemsize is the
        record's.
    """

    version: int
    exact: bool
    records: Mapping[int, Dtype]

    @property
    def sizes(self) -> dict[int, int]:
        """Bytes of a record, by kind."""
        return {kind: dtype.itemsize for kind, dtype in self.records.items()}


@cache
def _content() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_FILE.read_text())
    return content


def known_versions() -> tuple[int, ...]:
    """Versions with a layout, oldest first."""
    return tuple(sorted(int(version) for version in _content()["versions"]))


def layout_for(version: int) -> Layout:
    """The layout of ``version`` (``cuptiGetVersion``), or of the nearest older one of its major.

    Raises
    ------
    CuptiError
        When there is none.
    """
    fitting = [v for v in known_versions() if v <= version and _major(v) == _major(version)]
    if not fitting:
        known = known_versions()
        raise CuptiError(
            f"CUPTI {release(version)} (API version {version}) has no layout; known are "
            f"{release(known[0])} to {release(known[-1])}: upgrade with pip install -U "
            "cuda-timeline, or install an nvidia-cuda-cupti of those versions"
        )
    return Layout(fitting[-1], fitting[-1] == version, _records(fitting[-1]))


def _major(version: int) -> int:
    return 12 if version < 1000 else version // 10000


def release(version: int) -> str:
    """The CUDA release of a CUPTI API version: ``13.0`` for 130001, ``12.9`` for 28."""
    if version >= 1000:
        return f"{version // 10000}.{version % 10000 // 100}"
    minor = {18: "0", 19: "0", 20: "2", 21: "3", 22: "4", 23: "5", 24: "6", 25: "6", 26: "8"}
    if version < 18:
        return "11 or older"
    return f"12.{minor.get(version, '9')}"


@cache
def _records(version: int) -> dict[int, Dtype]:
    content = _content()
    records = {}
    for entry in content["versions"][str(version)].values():
        kind, struct = entry.split()
        records[int(kind)] = record_type(content["structs"][struct])
    return records


def record_type(struct: Mapping[str, Any]) -> Dtype:
    """The structured type of ``{"size": bytes, "fields": {name: [offset, bytes]}}``."""
    fields = dict(struct["fields"])
    names, formats, offsets = ["kind"], ["i4"], [0]
    for vector, parts in _VECTORS.items():
        if all(part in fields for part in parts):
            names.append(vector)
            formats.append("(3,)i4")
            offsets.append(fields[parts[0]][0])
            fields = {name: place for name, place in fields.items() if name not in parts}
    for name, (offset, size) in fields.items():
        names.append(name)
        formats.append(_UNSIGNED.get(name, _FORMATS[size]))
        offsets.append(offset)
    return np.dtype(
        {"names": names, "formats": formats, "offsets": offsets, "itemsize": struct["size"]}
    )
