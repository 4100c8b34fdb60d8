"""What hand-overs take: the median of the recording's own, or the described device's figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from timeline.backends.sim.device_model import DeviceModel
from timeline.engines import D2H, ENGINES, H2D, P2P
from timeline.intervals import Int64
from timeline.whatif.orders import Kind

__all__ = ["HOST_CODE", "SHORT_NS", "Lags", "measured_lags"]

HOST_CODE = len(ENGINES)
"""Stands for the host, and for a gate, where an engine's number is asked for."""

SHORT_NS = 10_000
"""A longer lag has a cause that the recording does not show; medians are taken of shorter ones."""

_ENOUGH = 3
_COPIES = tuple(ENGINES.index(engine) for engine in (H2D, D2H, P2P))
_WIDTH = HOST_CODE + 1
_KINDS = len(Kind)


@dataclass(frozen=True, eq=False, slots=True)
class Lags:
    """Typical lags.

    Attributes
    ----------
    model : DeviceModel
        For what was never seen.
    seen : mapping of int to int
        Median, ns, by kind, engine before and engine after, packed by ``_key``.
    """

    model: DeviceModel
    seen: Mapping[int, int]

    def typical(self, kinds: Int64, before: Int64, after: Int64) -> Int64:
        """Typical lag of each order, ns.

        Parameters
        ----------
        kinds : numpy.ndarray of int64, shape (n,)
            :class:`.orders.Kind`.
        before, after : numpy.ndarray of int64, shape (n,)
            Index into ``ENGINES``, or :data:`HOST_CODE`.
        """
        keys, places = np.unique(_key(kinds, before, after), return_inverse=True)
        found = [self._one(int(key)) for key in keys]
        return np.array(found, np.int64)[places] if len(keys) else np.zeros(0, np.int64)

    def one(self, kind: Kind, before: int, after: int) -> int:
        """Typical lag of one order, ns."""
        return int(self.typical(np.array([kind]), np.array([before]), np.array([after]))[0])

    def _one(self, key: int) -> int:
        if key in self.seen:
            return self.seen[key]
        kind, before, after = key // _WIDTH // _WIDTH, key // _WIDTH % _WIDTH, key % _WIDTH
        if kind == Kind.EVENT:  # events add nothing to the order within a stream
            same = _packed(int(Kind.STREAM), before, after)
            if same in self.seen:
                return self.seen[same]
        return self._described(Kind(kind), before, after)

    def _described(self, kind: Kind, before: int, after: int) -> int:
        gaps = self.model.gaps
        if kind is Kind.WAIT:
            return self.model.host.wake_ns
        if kind is Kind.ISSUE:
            return gaps.submit
        if kind is Kind.GATE:
            return gaps.gate
        if before in _COPIES and after in _COPIES:
            return gaps.copy_copy if before == after else gaps.from_copy // 2 + gaps.to_copy // 2
        if before in _COPIES:
            return gaps.from_copy // 2
        if after in _COPIES:
            return gaps.to_copy // 2
        return gaps.kernel


def _packed(kind: int, before: int, after: int) -> int:
    return (kind * _WIDTH + before) * _WIDTH + after


def _key(kinds: Int64, before: Int64, after: Int64) -> Int64:
    return np.asarray((kinds * _WIDTH + before) * _WIDTH + after)


def measured_lags(
    model: DeviceModel, kinds: Int64, before: Int64, after: Int64, lags: Int64
) -> Lags:
    """Medians of the lags that were seen often enough and were short."""
    short = (lags >= 0) & (lags <= SHORT_NS)
    keys, values = _key(kinds, before, after)[short], lags[short]
    order = np.argsort(keys, kind="stable")
    found, first = np.unique(keys[order], return_index=True)
    parts = np.split(values[order], first[1:])
    seen = (
        {
            key: int(np.median(part))
            for key, part in zip(found.tolist(), parts, strict=True)
            if len(part) >= _ENOUGH
        }
        if len(found)
        else {}
    )
    return Lags(model, seen)
