"""What activities waited for on the device: streams, events, the legacy default stream."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from timeline.analysis.execution import Execution
from timeline.analysis.execution.predecessors import EVENT, LEGACY
from timeline.analysis.work import Work
from timeline.whatif.orders import NO_ORDERS, Kind, Orders, ends, starts

__all__ = ["device_orders"]


def device_orders(execution: Execution) -> Orders:
    """Every order between two activities; lags are still 0."""
    edges = dict(execution.before.edges)
    events, legacy = edges[EVENT], edges[LEGACY]
    return _stream_orders(execution.work).and_(
        Orders.of(ends(events.sources), starts(events.targets), Kind.EVENT),
        Orders.of(ends(legacy.sources), starts(legacy.targets), Kind.LEGACY),
    )


def _stream_orders(work: Work) -> Orders:
    """Each activity after the one before it in its stream, and after the last to have ended.

    Where the two overlap, as under programmatic dependent launch or within a graph, it follows the
    start of the one before.
    """
    order, opens = work.by_stream, work.opens_stream
    if len(order) < 2:
        return NO_ORDERS
    follows = ~opens[1:]
    before, after = order[:-1][follows], order[1:][follows]
    ended = work.ends[before] <= work.starts[after]
    found = Orders.of(ends(before[ended]), starts(after[ended]), Kind.STREAM).and_(
        Orders.of(starts(before[~ended]), starts(after[~ended]), Kind.STREAM)
    )
    return found if bool(ended.all()) else found.and_(_after_overlaps(work, order, opens))


def _after_overlaps(
    work: Work, order: npt.NDArray[np.int64], opens: npt.NDArray[np.bool_]
) -> Orders:
    """From the activity of a stream that had ended last before each one that follows an overlap."""
    pairs: list[tuple[int, int]] = []
    open_: list[int] = []
    begins, finishes = work.starts.tolist(), work.ends.tolist()
    for place, opening in zip(order.tolist(), opens.tolist(), strict=True):
        if opening:
            open_.clear()
        done = [p for p in open_ if finishes[p] <= begins[place]]
        if done:
            last = max(done, key=lambda p: finishes[p])
            if last != open_[-1]:  # the one right before is there already
                pairs.append((last, place))
            open_[:] = [p for p in open_ if finishes[p] > begins[place]]
        open_.append(place)
    if not pairs:
        return NO_ORDERS
    sources, targets = np.array(pairs, np.int64).T
    return Orders.of(ends(sources), starts(targets), Kind.STREAM)
