"""Finding the records in a raw buffer: they lie end to end, and differ in size by kind.

A loop over a memoryview steps from record to record; where many of a kind follow each other, every
n-th word is compared at once instead. The sizes are proven, kind by kind,
against ``cuptiActivityGetNextRecord``, the only function that knows those of the loaded library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.backends.cuda.cupti.fields import Records
from timeline.errors import CuptiError

__all__ = ["NextRecord", "RecordSizes", "split"]

Bytes = npt.NDArray[np.uint8]
Starts = npt.NDArray[np.int64]

NextRecord = Callable[[int], int | None]
"""Offset of the record after the one at an offset; None if that was the last."""

_WORD = 8
_KINDS = 256
_LOOK_FOR_RUN = 256
"""Records of one kind after which the rest of a run is looked for; a shorter run steps faster."""


class RecordSizes:
    """Words of a record by kind: those of a layout, corrected by what the library does.

    Parameters
    ----------
    sizes : mapping of int to int
        Bytes, of the layout.

    Attributes
    ----------
    grown : set of int
        Kinds whose records are longer than the layout's.
    """

    def __init__(self, sizes: Mapping[int, int]) -> None:
        self.words = [0] * _KINDS
        for kind, size in sizes.items():
            self.words[kind] = size // _WORD
        self._layout = dict(sizes)
        self._proven: set[int] = set()
        self.grown: set[int] = set()

    def prove(self, kind: int, offset: int, end: int, following: NextRecord) -> bool:
        """Compare the record at ``offset`` of a buffer of ``end`` bytes with the library.

        Returns
        -------
        bool
            Whether the size was right; a wrong one has been corrected, so walk again.

        Raises
        ------
        CuptiError
            When the record can't be read: its fields are not where the layout says.
        """
        if kind in self._proven:
            return True
        known = self.words[kind] * _WORD if kind < _KINDS else 0
        found = following(offset)
        if found is None and known and offset + known == end:
            return True  # the last record, proven by ending where the buffer does
        if found is None or kind >= _KINDS:
            raise _unreadable(kind, offset)
        self._proven.add(kind)
        if found - offset == known:
            return True
        self._correct(kind, found - offset)
        return False

    def _correct(self, kind: int, size: int) -> None:
        expected = self._layout.get(kind, 0)
        if size < expected or size % _WORD or size <= 0:
            raise CuptiError(
                f"CUPTI's records of kind {kind} have {size} bytes instead of {expected}: the "
                "loaded libcupti is not the version that it says; reinstall nvidia-cuda-cupti"
            )
        if expected:
            self.grown.add(kind)
        self.words[kind] = size // _WORD


def split(
    buffer: Bytes, sizes: RecordSizes, types: Mapping[int, np.dtype[Any]], following: NextRecord
) -> dict[int, Records]:
    """Records of a buffer, by kind, in their order; copies.

    Parameters
    ----------
    buffer : (bytes,) array of uint8
        The valid part of a completed buffer.
    types : mapping of int to numpy.dtype
        Structured types of the kinds to keep; others are skipped.

    Raises
    ------
    CuptiError
        When a record can't be read.
    """
    words = buffer[: len(buffer) // _WORD * _WORD].view(np.uint64)
    while True:
        starts = _starts(words, sizes.words)
        kinds = words[starts].astype(np.uint32)
        if _proven(kinds, starts, sizes, len(buffer), following):
            break
    return {
        kind: _take(words, starts[kinds == kind], sizes.words[kind], types[kind])
        for kind in np.unique(kinds).tolist()
        if kind in types
    }


def _starts(words: npt.NDArray[np.uint64], steps: list[int]) -> Starts:
    """Where records start, up to the first of a kind whose size is not known, in words."""
    view = memoryview(words.view(np.uint32).data)
    end = len(words)
    jumps = [step or end for step in steps]  # nothing can follow a record of unknown size
    pieces: list[Starts] = []
    position = 0
    while position < end:
        first, single = position, list[int]()
        found = single.append
        try:
            for _ in range(_LOOK_FOR_RUN):
                jump = jumps[view[2 * position]]
                found(position)
                position += jump
        except IndexError:  # behind the last record, or a kind beyond all that are known
            if position < end:
                found(position)
                position = end
        pieces.append(np.array(single, np.int64))
        kind = view[2 * first]
        if position < end and position - first == _LOOK_FOR_RUN * steps[kind]:
            stop = _run_end(words, position, steps[kind], kind)
            pieces.append(np.arange(position, stop, steps[kind]))
            position = stop
    return np.concatenate([np.empty(0, np.int64), *pieces])


def _run_end(words: npt.NDArray[np.uint64], start: int, step: int, kind: int) -> int:
    """Where the run of ``kind`` before ``start`` ends, in words."""
    window = 64
    while start < len(words):
        heads = words[start : start + window * step : step].astype(np.uint32)
        other = heads != kind
        if other.any():
            return start + int(other.argmax()) * step
        start += len(heads) * step
        window *= 8
    return start


def _proven(
    kinds: npt.NDArray[np.uint32],
    starts: Starts,
    sizes: RecordSizes,
    end: int,
    following: NextRecord,
) -> bool:
    """Whether every kind has its true size, asked for in the order in which kinds appear."""
    first = np.sort(np.unique(kinds, return_index=True)[1])
    return all(
        sizes.prove(int(kinds[index]), int(starts[index]) * _WORD, end, following)
        for index in first
    )


def _unreadable(kind: int, offset: int) -> CuptiError:
    return CuptiError(
        f"a CUPTI buffer holds a record of kind {kind} at byte {offset} that can't be read; "
        "another profiler may write into it: record in a fresh process without one"
    )


def _take(
    words: npt.NDArray[np.uint64], starts: Starts, step: int, dtype: np.dtype[Any]
) -> Records:
    count = len(starts)
    if starts[-1] - starts[0] == step * (count - 1):  # one run
        rows = words[starts[0] : starts[-1] + step].reshape(count, step)
        return Records.of_rows(rows, dtype)
    return Records.gathered(words, starts, step, dtype)
