"""Host ranges whose arguments a trace keeps nothing of, told by their names."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from timeline.formats.kineto.event import Row, UnsoundError, loads, row_of
from timeline.formats.kineto.shapes import TOLD

__all__ = ["PlainNames"]

Int32 = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

_UNKNOWN, _PLAIN, _TELLS = range(3)
_COLLECTIVE = "record_param_comms"


class PlainNames:
    """Remembers of each name whether the arguments of its ranges tell anything.

    The first range of a name answers for the others: PyTorch gives those of one operator the same
    arguments, as it does with the stream of a launch of Triton's.
    """

    def __init__(self) -> None:
        self._known = np.full(1 << 10, _UNKNOWN, np.int8)

    def holds(self, codes: Int32, text_of: Callable[[int], bytes]) -> Mask:
        """Whether nobody needs to look at the arguments; shape (n,).

        Parameters
        ----------
        codes : numpy.ndarray of int32, shape (n,)
            Names by number; -1, of which nothing holds, for one that can't be read.
        text_of : callable
            The event at a place.
        """
        most = int(codes.max(initial=0))
        if most >= len(self._known):
            more = np.full(most + 1, _UNKNOWN, np.int8)
            self._known = np.concatenate((self._known, more))
        fresh = np.flatnonzero((codes >= 0) & (self._known[codes] == _UNKNOWN))
        if len(fresh):
            names, first = np.unique(codes[fresh], return_index=True)
            for name, place in zip(names.tolist(), fresh[first].tolist(), strict=True):
                self._known[name] = _PLAIN if _is_plain(text_of(place)) else _TELLS
        return np.asarray((codes >= 0) & (self._known[codes] == _PLAIN))


def _is_plain(text: bytes) -> bool:
    try:
        row = row_of(loads(text.rstrip(b"\n ,").decode()))
    except (UnsoundError, ValueError, RecursionError):
        return False
    if not isinstance(row, Row) or row.columns.get("name") == _COLLECTIVE:
        return False
    return row.collective is None and not TOLD & row.columns.keys()
