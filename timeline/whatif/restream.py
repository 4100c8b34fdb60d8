"""Moving activities to other streams."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.intervals import Int64
from timeline.whatif.orders import NO_ORDERS, Kind, Orders, ends, starts
from timeline.whatif.scenario import Scenario

__all__ = ["dealt", "restreamed"]

Bools = npt.NDArray[np.bool_]

_JOINS = (Kind.EVENT, Kind.LEGACY, Kind.WAIT)


def dealt(streams: Int64, turns: Int64, width: int) -> Int64:
    """New stream numbers: turn 0 of a stream keeps its own, each other one gets a new one."""
    keys = streams * width + turns
    new = np.unique(keys[turns > 0])
    first = int(streams.max(initial=-1)) + 1
    return np.where(turns > 0, first + np.searchsorted(new, keys), streams)


def restreamed(scenario: Scenario, streams: Int64, again: Bools | None = None) -> Scenario:
    """The same activities in other streams, in the order in which they were.

    What waited for an activity of a stream that is now several waits for the last one before it in
    each of them, so that nothing that was synchronised goes without.

    Parameters
    ----------
    streams : numpy.ndarray of int64, shape (n,)
        New number of each activity's stream.
    again : numpy.ndarray of bool, shape (n,), optional
        Activities whose order within their stream is made anew besides.
    """
    old = scenario.activities.streams
    touched = np.unique(np.concatenate((old[streams != old], streams[streams != old])))
    mine = np.isin(streams, touched) | np.isin(old, touched)
    if again is not None:
        mine |= again
    orders = scenario.orders
    inner = (orders.kinds == Kind.STREAM) & mine[_activity(scenario, orders.targets)]
    joined = _joined(scenario, orders.kept(~inner), streams, mine)
    return scenario.replace(
        activities=scenario.activities.replace(streams=streams),
        orders=orders.kept(~inner).and_(
            joined, _in_stream(scenario, streams, mine, orders.kept(inner))
        ),
    )


def _activity(scenario: Scenario, points: Int64) -> Int64:
    """The activity of each point; the last one for points of the host."""
    return np.minimum(points // 2, len(scenario.activities) - 1)


def _in_stream(scenario: Scenario, streams: Int64, mine: Bools, before: Orders) -> Orders:
    """Order within the new streams; pairs that were there before keep their lag."""
    ranks = scenario.activities.ranks
    places = np.flatnonzero(mine)
    turn = places[np.lexsort((ranks[places], streams[places]))]
    follows = streams[turn][1:] == streams[turn][:-1]
    sources, targets = turn[:-1][follows], turn[1:][follows]
    width = scenario.gate + 1
    kept = np.isin(before.sources // 2 * width + before.targets // 2, sources * width + targets)
    old = before.kept(kept)
    new = ~np.isin(sources * width + targets, old.sources // 2 * width + old.targets // 2)
    sources, targets = sources[new], targets[new]
    codes = scenario.work.engine_codes[scenario.activities.places].astype(np.int64)
    kinds = np.full(len(sources), int(Kind.STREAM))
    lags = scenario.lags.typical(kinds, codes[sources], codes[targets])
    return old.and_(Orders.of(ends(sources), starts(targets), Kind.STREAM, lags))


def _joined(scenario: Scenario, orders: Orders, streams: Int64, mine: Bools) -> Orders:
    """What waits for a stream that was split waits for the last of each of its parts."""
    count, ranks, old = (
        len(scenario.activities),
        scenario.activities.ranks,
        scenario.activities.streams,
    )
    waits = np.isin(orders.kinds, _JOINS) & (orders.sources < 2 * count) & (orders.sources % 2 == 1)
    waits &= mine[_activity(scenario, orders.sources)]
    found = [NO_ORDERS]
    for stream in np.unique(old[mine]).tolist():
        parts = np.unique(streams[old == stream])
        if len(parts) < 2:
            continue
        here = orders.kept(waits & (old[_activity(scenario, orders.sources)] == stream))
        source = here.sources // 2
        for part in parts.tolist():
            members = np.flatnonzero((streams == part) & (old == stream))
            members = members[np.argsort(ranks[members])]
            at = np.searchsorted(ranks[members], ranks[source], "right") - 1
            keep = at >= 0
            last = members[np.maximum(at, 0)]
            keep &= last != source
            more = Orders(ends(last), here.targets, here.lags, here.kinds)
            found.append(more.kept(keep))
    return NO_ORDERS.and_(*found)
