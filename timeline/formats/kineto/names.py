"""Names as numbers: each different one is kept once."""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.trace.columns import from_numpy

__all__ = ["Names"]

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


class Names:
    """All names of a trace, in order of first appearance."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._codes: dict[str, int] = {}
        self._raw: dict[bytes, int] = {}

    def code(self, text: str) -> int:
        """The number of a name."""
        found = self._codes.get(text)
        if found is None:
            found = self._codes[text] = len(self.texts)
            self.texts.append(text)
        return found

    def codes(self, data: bytearray, starts: Int64, ends: Int64) -> Int32:
        """Numbers of the JSON texts between the quotes of ``data``.

        Parameters
        ----------
        starts, ends : numpy.ndarray of int64, shape (n,)
            Spans that don't overlap, ascending.

        Returns
        -------
        numpy.ndarray of int32, shape (n,)
            -1 for what is no text: it isn't UTF-8, or ends before ``ends``.
        """
        if not len(starts):
            return np.empty(0, np.int32)
        # Spans and the gaps between them, as one column of bytes over the buffer, without a copy.
        offsets = np.empty(2 * len(starts), np.int32)
        offsets[0::2], offsets[1::2] = starts, ends
        bounds, whole = pa.py_buffer(offsets), pa.py_buffer(data)
        both = pa.Array.from_buffers(pa.binary(), len(offsets) - 1, [None, bounds, whole])
        spans = from_numpy(np.arange(0, len(offsets), 2), pa.int64())
        coded = both.take(spans).dictionary_encode()
        known = np.array([self._code_of(raw) for raw in coded.dictionary.to_pylist()], np.int32)
        indices = np.frombuffer(coded.indices.buffers()[1], np.int32, len(starts))
        return np.asarray(known[indices])

    def _code_of(self, raw: bytes) -> int:
        found = self._raw.get(raw)
        if found is None:
            try:
                found = self.code(json.loads(b'"%b"' % raw))
            except ValueError:
                found = -1
            self._raw[raw] = found
        return found
