"""Which point in time has to come before which, and by how much.

An activity or call k has two points: ``2 k`` is its start, ``2 k + 1`` its end. Activities are
numbered first, then the calls of the host. Two more points follow them: the origin of time, and
the opening of the gate that held the streams while the host enqueued.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from timeline.intervals import Int64

__all__ = ["NO_ORDERS", "Kind", "Orders", "ends", "starts"]


class Kind(IntEnum):
    """Why one point waits for another."""

    STREAM = 0  # order within a stream
    EVENT = 1  # an event recorded in one stream and waited for in another
    LEGACY = 2  # the legacy default stream
    ISSUE = 3  # an activity follows the call that issued it
    GATE = 4  # streams were held until the host had enqueued
    THREAD = 5  # a host thread makes one call after the other
    CALL = 6  # what a call takes by itself
    WAIT = 7  # a call returns when something on the device is done
    ORIGIN = 8  # nothing is known that it waited for: it keeps its time


@dataclass(frozen=True, eq=False, slots=True)
class Orders:
    """``targets[i]`` comes no earlier than ``lags[i]`` ns after ``sources[i]``; shape (n,).

    Attributes
    ----------
    sources, targets : numpy.ndarray of int64
        Points.
    lags : numpy.ndarray of int64
        Ns.
    kinds : numpy.ndarray of int64
        :class:`Kind`.
    """

    sources: Int64
    targets: Int64
    lags: Int64
    kinds: Int64

    def __len__(self) -> int:
        return len(self.sources)

    @classmethod
    def of(cls, sources: Int64, targets: Int64, kind: Kind, lags: Int64 | int = 0) -> Orders:
        """Orders of one kind."""
        count = len(sources)
        lag = np.full(count, lags, np.int64) if isinstance(lags, int) else lags.astype(np.int64)
        return cls(
            np.asarray(sources, np.int64),
            np.asarray(targets, np.int64),
            lag,
            np.full(count, int(kind), np.int64),
        )

    def kept(self, keep: npt.NDArray[np.bool_]) -> Orders:
        """Those where ``keep`` holds."""
        return Orders(self.sources[keep], self.targets[keep], self.lags[keep], self.kinds[keep])

    def at(self, places: Int64) -> Orders:
        """Those at ``places``."""
        return Orders(
            self.sources[places], self.targets[places], self.lags[places], self.kinds[places]
        )

    def with_lags(self, lags: Int64) -> Orders:
        """The same with other lags."""
        return Orders(self.sources, self.targets, lags, self.kinds)

    def and_(self, *others: Orders) -> Orders:
        """All of them together."""
        every = (self, *others)
        return Orders(
            np.concatenate([o.sources for o in every]),
            np.concatenate([o.targets for o in every]),
            np.concatenate([o.lags for o in every]),
            np.concatenate([o.kinds for o in every]),
        )


NO_ORDERS = Orders.of(np.zeros(0, np.int64), np.zeros(0, np.int64), Kind.STREAM)


def starts(nodes: Int64) -> Int64:
    """Points at which activities or calls start."""
    return 2 * np.asarray(nodes, np.int64)


def ends(nodes: Int64) -> Int64:
    """Points at which they end."""
    return 2 * np.asarray(nodes, np.int64) + 1
