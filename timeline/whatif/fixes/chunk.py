"""Batches cut into chunks that follow each other through copy in, kernel and copy out."""

from __future__ import annotations

import numpy as np

from timeline.backends.sim.costs import along
from timeline.engines import D2H, H2D, SM
from timeline.intervals import Int64
from timeline.whatif.batches import batches
from timeline.whatif.fix import Change, Fix, Parameter, number, unchanged
from timeline.whatif.orders import Kind, Orders
from timeline.whatif.restream import dealt, restreamed
from timeline.whatif.scenario import Bools, Float64, Scenario

__all__ = ["FIX"]


def chunk(scenario: Scenario, pieces: str, streams: str) -> Change:
    """Each copy in, kernel and copy out becomes so many, dealt to so many streams in turn."""
    count = int(number(pieces, "chunk: pieces", 1))
    width = int(number(streams, "chunk: streams", 1))
    cut = _cut(scenario)
    if count < 2 or not cut.any():
        return unchanged(scenario)
    pieces_of, turn = _chunked(scenario, cut, count)
    touched = np.isin(scenario.activities.streams, scenario.activities.streams[cut])
    streams_of = dealt(pieces_of.activities.streams, turn % width, width)
    return Change(
        restreamed(pieces_of, streams_of, np.repeat(touched, np.where(cut, count, 1))),
        int(cut.sum()),
        (
            "Each batch can be cut into equal pieces that need nothing of each other.",
            "A kernel of a piece takes its part of the time, and as much of the SMs as before.",
            "Each further launch or copy takes the host as long as the first.",
        ),
    )


def _cut(scenario: Scenario) -> Bools:
    """Copies and kernels of batches that have both a copy to the device and a kernel.

    Those of which the host waits for a part are left whole: it would have to issue piece by piece.
    """
    activities = scenario.activities
    keys = activities.streams * (len(activities) + 1) + batches(scenario).numbers
    both = np.intersect1d(keys[scenario.on(H2D)], keys[scenario.on(SM)])
    waits = np.append(scenario.calls.waits, np.False_)[activities.issued]
    both = np.setdiff1d(both, keys[waits])
    return np.asarray(np.isin(keys, both) & scenario.on(H2D, SM, D2H))


def _chunked(scenario: Scenario, cut: Bools, count: int) -> tuple[Scenario, Int64]:
    """The scenario with pieces in place of what is cut, and which piece each activity is."""
    repeats = np.where(cut, count, 1)
    places = np.repeat(np.arange(len(cut)), repeats)
    first = np.cumsum(repeats) - repeats
    piece = np.arange(len(places)) - first[places]
    taken = scenario.activities.taken(places)
    part = _parts(scenario, cut, count)[places]
    activities = taken.replace(
        work_ns=taken.work_ns * part,
        early_ns=taken.early_ns * part,
        ranks=_ranks(scenario, places, piece),
    )
    orders = _orders(scenario, cut, first, repeats)
    return scenario.replace(activities=activities, orders=orders), piece


def _ranks(scenario: Scenario, places: Int64, piece: Int64) -> Int64:
    """Order of the pieces: in place of a batch, one piece of all of it after the other."""
    activities = scenario.activities
    batch = activities.streams * (len(activities) + 1) + batches(scenario).numbers
    found, which = np.unique(batch, return_inverse=True)
    begins = np.full(len(found), len(activities), np.int64)
    np.minimum.at(begins, which, activities.ranks)
    turn = np.lexsort((activities.ranks[places], piece, begins[which][places]))
    ranks = np.empty(len(places), np.int64)
    ranks[turn] = np.arange(len(places))
    return ranks


def _parts(scenario: Scenario, cut: Bools, count: int) -> Float64:
    """Part of the time of each activity that a piece of it takes."""
    parts = np.where(cut, 1 / count, 1.0)
    copy = scenario.model.copy
    for engine, curve in ((H2D, copy.h2d_ns), (D2H, copy.d2h_ns)):
        mine = np.flatnonzero(cut & scenario.on(engine))
        sizes, which = np.unique(scenario.column("bytes")[mine], return_inverse=True)
        ratios = [along(curve, size / count) / along(curve, size) for size in sizes.tolist()]
        parts[mine] = np.array(ratios, np.float64)[which]
    return parts


def _orders(scenario: Scenario, cut: Bools, first: Int64, repeats: Int64) -> Orders:
    """What followed an activity follows its last piece; what it followed, all of its pieces do."""
    orders, count = scenario.orders, len(cut)
    more = int(repeats.sum()) - count
    last = first + repeats - 1
    sources = _moved(orders.sources, np.where(orders.sources % 2 == 1, 1, 0), last, count, more)
    target = np.minimum(orders.targets // 2, count - 1)
    inside = orders.targets < 2 * count
    times = np.where(inside & (orders.kinds != Kind.STREAM), repeats[target], 1)
    again = np.repeat(np.arange(len(orders)), times)
    piece = np.arange(len(again)) - (np.cumsum(times) - times)[again]
    targets = _moved(orders.targets, orders.targets % 2, first, count, more)[again]
    targets += 2 * piece
    lags = orders.lags + _longer_calls(scenario, repeats)
    lags = lags[again] + piece * _own(scenario)[again]
    return Orders(sources[again], targets, lags, orders.kinds[again])


def _moved(points: Int64, end: Int64, places: Int64, count: int, more: int) -> Int64:
    """Points of activities at their new places; others follow after the new activities."""
    place = places[np.minimum(points // 2, count - 1)]
    return np.where(points < 2 * count, 2 * place + end, points + 2 * more)


def _call_own(scenario: Scenario) -> Int64:
    """What each call takes by itself, ns; 0 for none (at -1)."""
    orders = scenario.orders
    mine = orders.kinds == Kind.CALL
    own = np.zeros(len(scenario.calls) + 1, np.int64)
    own[orders.sources[mine] // 2 - len(scenario.activities)] = orders.lags[mine]
    return own


def _own(scenario: Scenario) -> Int64:
    """Of each order from a call to what it issued, how much later each further piece comes, ns."""
    orders = scenario.orders
    call = np.where(orders.kinds == Kind.ISSUE, orders.sources // 2 - len(scenario.activities), -1)
    return _call_own(scenario)[call]


def _longer_calls(scenario: Scenario, repeats: Int64) -> Int64:
    """How much longer each call takes that issues pieces, in its own order, ns."""
    orders, issued = scenario.orders, scenario.activities.issued
    further = np.zeros(len(scenario.calls) + 1, np.int64)
    np.maximum.at(further, issued, repeats - 1)
    mine = orders.kinds == Kind.CALL
    call = np.where(mine, orders.sources // 2 - len(scenario.activities), -1)
    further[-1] = 0
    return np.asarray(orders.lags * further[call])


FIX = Fix(
    "chunk",
    "chunks",
    "Batches are cut into pieces, so that one is copied while the one before is computed.",
    chunk,
    (
        Parameter("pieces", "4", "how many pieces each batch becomes"),
        Parameter("streams", "2", "how many streams they go to in turn"),
    ),
)
