"""Texts of a file as numbers: each different one is kept once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from timeline.formats.intake import Intake
from timeline.formats.perfetto.wire import Spans
from timeline.trace.columns import from_numpy, to_numpy

__all__ = ["Words"]

Int64 = npt.NDArray[np.int64]
UInt8 = npt.NDArray[np.uint8]


class Words:
    """All texts of a file, in order of first appearance."""

    def __init__(self, intake: Intake) -> None:
        self.texts: list[str] = []
        self._codes: dict[bytes, int] = {}
        self._intake = intake

    def codes(self, buffer: UInt8, spans: Spans, offset: int) -> Int64:
        """Numbers of the texts at ``spans``, which don't overlap."""
        if not len(spans.starts):
            return np.zeros(0, np.int64)
        order = np.argsort(spans.starts, kind="stable")
        # Texts and the gaps between them, as one column of bytes over the buffer, without a copy.
        bounds = np.empty(2 * len(order), np.int32)
        bounds[0::2], bounds[1::2] = spans.starts[order], spans.ends[order]
        parts = [None, pa.py_buffer(bounds), pa.py_buffer(buffer)]
        both = pa.Array.from_buffers(pa.binary(), len(bounds) - 1, parts)
        spans_alone = from_numpy(np.arange(0, len(bounds), 2), pa.int64())
        coded = both.take(spans_alone).dictionary_encode()
        known = [self._code(raw, offset) for raw in coded.dictionary.to_pylist()]
        found = np.empty(len(order), np.int64)
        found[order] = np.array(known, np.int64)[to_numpy(coded.indices)]
        return found

    def _code(self, raw: bytes, offset: int) -> int:
        found = self._codes.get(raw)
        if found is None:
            try:
                text = raw.decode()
            except UnicodeDecodeError:
                self._intake.refuse(f"the packets from byte {offset:,}", "texts that are not UTF-8")
                text = raw.decode(errors="replace")
            found = self._codes[raw] = len(self.texts)
            self.texts.append(text)
        return found
