"""Events of one form, before their place in the file is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.formats.perfetto import schema
from timeline.formats.perfetto.encoding import Message, Part, Varint

__all__ = ["EMPTY_CLOSES", "EMPTY_OPENS", "ENDS", "Source", "track_event"]

Int64 = npt.NDArray[np.int64]

ENDS, EMPTY_OPENS, EMPTY_CLOSES = -(2**62), 1, 2
"""Of :attr:`Source.order`; begins have minus their end."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Events whose packets have the same fields.

    Attributes
    ----------
    times : numpy.ndarray of int64, shape (n,)
        Of each event, on the file's clock, ns.
    order : numpy.ndarray of int64, shape (n,)
        Of events at one time the lower one comes first: ends, then begins from the longest slice
        to the shortest, then slices without length.
    parts : callable
        Fields of the track events of some rows.
    """

    times: Int64
    order: Int64
    parts: Callable[[Int64], Sequence[Part]]

    def packets(self, rows: Int64) -> list[Part]:
        """The packets of some rows."""
        head = (Varint(schema.TIMESTAMP, self.times[rows]), Varint(schema.SEQUENCE, 1))
        flags = Varint(schema.FLAGS, schema.NEEDS)
        event = Message(schema.EVENT, self.parts(rows))
        return [Message(schema.PACKET, (*head, flags, event))]


def track_event(kind: int, tracks: Int64) -> tuple[Part, Part]:
    """What every track event says first."""
    return Varint(schema.TYPE, kind), Varint(schema.TRACK_UUID, tracks)
