"""Finding the records in a raw buffer: they lie end to end, and differ in size by kind.

So each can only be found from the one before it, which is done in many places of a buffer at once.
The sizes are proven, kind by kind, against ``cuptiActivityGetNextRecord``, the only function that
knows those of the loaded library.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.backends.cuda.cupti.fields import Arena, Records, distinct
from timeline.errors import CuptiError

__all__ = ["NextRecord", "RecordSizes", "split"]

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Heads = npt.NDArray[np.uint32]
Starts = npt.NDArray[np.int64]

NextRecord = Callable[[int], int | None]
"""Offset of the record after the one at an offset; None if that was the last."""

_WORD = 8
_KINDS = 256
_HEAD = 0xFFFFFFFF
_LONG_RUN = 128
"""Records of one kind in a row, from which on they are found by their kind alone."""
_SHORT_RUNS = 16
"""Shorter runs that are borne, as a few calls lie between many kernels; then all is walked."""
_STRETCH = 2048
"""Words from one place where walking begins to the next."""
_TRIED = 8
"""Steps after which what is taken for a record is one, or comes to one, almost always."""


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
    buffer: Bytes,
    sizes: RecordSizes,
    types: Mapping[int, np.dtype[Any]],
    following: NextRecord,
    *,
    arena: Arena | None = None,
    passing: Collection[int] = (),
) -> dict[int, Records]:
    """Records of a buffer, by kind, in their order; copies.

    Parameters
    ----------
    buffer : (bytes,) array of uint8
        The valid part of a completed buffer.
    types : mapping of int to numpy.dtype
        Structured types of the kinds to keep; others are skipped.
    arena : Arena, optional
        Holds the records of the kinds that are ``passing``.

    Raises
    ------
    CuptiError
        When a record can't be read.
    """
    words = buffer[: len(buffer) // _WORD * _WORD].view(np.uint64)
    while len(words):
        starts = _starts(words, sizes.words)
        kinds = np.minimum(words[starts].astype(np.uint32), _KINDS).astype(np.int16)
        present = np.flatnonzero(np.bincount(kinds)).tolist()
        if _proven(
            words,
            starts[[int((kinds == kind).argmax()) for kind in present]],
            sizes,
            len(buffer),
            following,
        ):
            break
    else:
        return {}
    return {
        kind: Records.found(
            words,
            starts[kinds == kind],
            sizes.words[kind],
            types[kind],
            arena if kind in passing else None,
        )
        for kind in present
        if kind in types
    }


def _starts(words: Words, steps: Sequence[int]) -> Starts:
    """Where records start, up to the first of a kind whose size is not known, in words."""
    heads = words.view(np.uint32)[::2]
    pieces, start, borne = [], 0, _SHORT_RUNS
    while start < len(heads):
        kind = int(heads[start])
        step = steps[kind] if kind < _KINDS else 0
        stop = _run_end(heads, start, step, kind) if step else start
        borne += 1 if stop - start >= _LONG_RUN * step else -1
        if borne < 0 or not step:
            pieces.append(_walked(heads[start:], steps) + start)
            break
        pieces.append(np.arange(start, stop, step))
        start = stop
    return np.concatenate(pieces)


def _run_end(heads: Heads, start: int, step: int, kind: int) -> int:
    """Where the records of ``kind`` that follow each other from ``start`` on end, in words."""
    window = 128
    while start < len(heads):
        run = heads[start : start + window * step : step]
        other = run != kind
        if other.any():
            return start + int(other.argmax()) * step
        start += len(run) * step
        window *= 2
    return start


def _walked(heads: Heads, steps: Sequence[int]) -> Starts:
    """As :func:`_starts`, for records of any mix.

    The records are walked from many places of the buffer at once, one step of all of them at a
    time. Where another record may start is guessed (:func:`_entries`); only what is reached from
    the first record counts in the end.
    """
    end, jumps = len(heads), np.array([*steps, 0], np.int64)
    entries = np.concatenate([np.zeros(1, np.int64), _entries(heads, jumps)])
    entered = np.zeros(end, np.bool_)
    entered[entries] = True
    reached: Starts = np.full(len(entries), end)
    places, origin = entries, np.arange(len(entries))
    walked: list[tuple[Starts, Starts]] = []
    while len(places):
        walked.append((places, origin))
        far = _jump(heads, jumps, places)
        places = places + far
        on = (far > 0) & (places < end)
        places, origin = places[on], origin[on]
        over = entered[places]
        reached[origin[over]] = places[over]
        places, origin = places[~over], origin[~over]
    real = _connected(entries, reached)
    start = np.zeros(end, np.bool_)
    for places, origin in walked:
        start[places[real[origin]]] = True
    return np.flatnonzero(start)


def _jump(heads: Heads, jumps: Starts, places: Starts) -> Starts:
    """Words to the next record; 0 for a kind of unknown size."""
    far: Starts = jumps[np.minimum(heads[places], _KINDS)]
    return far


def _entries(heads: Heads, jumps: Starts) -> Starts:
    """Places from which records can be walked, a few for each stretch of the buffer.

    In as many words as the longest record has, one starts. Every word is tried; those that are none
    soon lead to a kind that does not exist, or to a record.
    """
    end = len(heads)
    places = (np.arange(_STRETCH, end, _STRETCH)[:, None] + np.arange(int(jumps.max()))).ravel()
    for _ in range(_TRIED):
        places = places[places < end]
        far = _jump(heads, jumps, places)
        places = distinct((places + far)[far > 0])
    return places[places < end]


def _connected(entries: Starts, reached: Starts) -> npt.NDArray[np.bool_]:
    """Which entries the first one leads to."""
    real = np.zeros(len(entries), np.bool_)
    following = np.searchsorted(entries, reached).tolist()
    at = 0
    while at < len(entries):
        real[at] = True
        at = following[at]
    return real


def _proven(
    words: Words, firsts: Starts, sizes: RecordSizes, end: int, following: NextRecord
) -> bool:
    """Whether every kind has its true size, asked for in the order in which kinds appear."""
    return all(
        sizes.prove(int(words[start]) & _HEAD, start * _WORD, end, following)
        for start in sorted(firsts.tolist())
    )


def _unreadable(kind: int, offset: int) -> CuptiError:
    return CuptiError(
        f"a CUPTI buffer holds a record of kind {kind} at byte {offset} that can't be read; "
        "another profiler may write into it: record in a fresh process without one"
    )
