"""Many arrays in one file, read back without copying: a head in JSON, then the arrays' bytes.

::

    8 bytes  b"tlarrays"
    u64      bytes of the head
    head     {"version", "identity", "content": what the arrays are, "arrays": [[type, offset, n]]}
    arrays   little-endian, at multiples of 64 bytes

The file appears whole or not at all, and is never changed: whoever has it mapped keeps what it was.
"""

from __future__ import annotations

import json
import mmap
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Arrays", "read", "write"]

Array = npt.NDArray[Any]

_MAGIC = b"tlarrays"
_START = 16
_ALIGN = 64
_MOST_HEAD_BYTES = 256 << 20
_TYPES = ("<i8", "<u8", "<i4", "<u4", "<u2", "|u1", "|i1", "<f8")


@dataclass(eq=False, slots=True)
class Arrays:
    """Arrays of a file by number."""

    held: list[Array] = field(default_factory=list)

    def add(self, array: Array) -> int:
        """Keep an array; returns its number."""
        self.held.append(array)
        return len(self.held) - 1


def write(path: Path, identity: str, version: int, content: Any, arrays: Arrays) -> None:
    """Write a file that takes the place of what is there.

    Raises
    ------
    OSError
        When it can't be written; nothing is left behind then.
    """
    places, offset = [], 0
    for array in arrays.held:
        places.append([array.dtype.str, offset, len(array)])
        offset += -(-array.nbytes // _ALIGN) * _ALIGN
    head = json.dumps(
        {"version": version, "identity": identity, "content": content, "arrays": places}
    ).encode()
    head += b" " * (-(len(head) + _START) % _ALIGN)
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(_MAGIC + len(head).to_bytes(8, "little") + head)
            for array in arrays.held:
                file.write(np.ascontiguousarray(array).data)
                file.write(bytes(-array.nbytes % _ALIGN))
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read(path: Path, identity: str, version: int) -> tuple[Any, Sequence[Array]] | None:
    """What :func:`write` was given, the arrays mapped from the file; None if it is not that.

    A file of another version or identity, a damaged or a shortened one, is as good as none.
    """
    try:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        return None
    try:
        length = int.from_bytes(mapped[8:_START], "little")
        if mapped[:8] != _MAGIC or length > _MOST_HEAD_BYTES:
            return None
        head = json.loads(mapped[_START : _START + length])
        if (head["version"], head["identity"]) != (version, identity):
            return None
        return head["content"], [
            _mapped(mapped, _START + length, *place) for place in head["arrays"]
        ]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _mapped(mapped: mmap.mmap, begin: int, kind: str, offset: int, count: int) -> Array:
    if kind not in _TYPES or offset < 0 or count < 0:
        raise ValueError("no array of ours")
    if not count:
        return np.zeros(0, kind)
    return np.frombuffer(mapped, kind, count, begin + offset)
