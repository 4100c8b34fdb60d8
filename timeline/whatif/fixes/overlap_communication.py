"""Communication beside the computation that does not need it."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from timeline.engines import P2P, SM
from timeline.intervals import Int64
from timeline.whatif.fix import Change, Fix, unchanged
from timeline.whatif.orders import NO_ORDERS, Kind, Orders, ends, starts
from timeline.whatif.restream import restreamed
from timeline.whatif.scenario import Scenario

__all__ = ["FIX"]

Bools = npt.NDArray[np.bool_]

_COLLECTIVE = re.compile(r"nccl|rccl|allreduce|all_reduce|reduce_?scatter|all_?gather", re.I)
_ORDERS = (Kind.STREAM, Kind.EVENT, Kind.LEGACY)


def overlap_communication(scenario: Scenario) -> Change:
    """Each communication starts once its share of the computation before it is done."""
    communicates = _communication(scenario)
    pairs = [NO_ORDERS]
    streams = _own_streams(scenario, communicates)
    scenario = restreamed(scenario, streams) if streams is not None else scenario
    drop = np.zeros(len(scenario.orders), np.bool_)
    count = 0
    for computing, communicating in _phases(scenario, communicates):
        ready = _ready_after(len(computing), len(communicating))
        pairs.append(_events(scenario, computing[ready], communicating))
        drop |= _from_computing(scenario, computing, communicating)
        count += int((ready < len(computing) - 1).sum())
    if not count:
        return unchanged(scenario)
    orders = scenario.orders.kept(~drop).and_(*pairs)
    return Change(
        scenario.replace(orders=orders),
        count,
        (
            "The computation makes what is communicated evenly, in the order in which it is sent.",
            "What comes after the communication needs all of it.",
        ),
    )


def _communication(scenario: Scenario) -> Bools:
    words = scenario.work.trace.names("activities", "name")
    mine = [word for word in words if _COLLECTIVE.search(word)]
    return np.asarray(np.isin(scenario.names("name"), mine) | scenario.on(P2P))


def _own_streams(scenario: Scenario, communicates: Bools) -> Int64 | None:
    """A stream of its own for communication that shares one with computation."""
    streams = scenario.activities.streams
    mixed = np.intersect1d(streams[communicates], streams[~communicates & scenario.on(SM)])
    moved = communicates & np.isin(streams, mixed)
    if not moved.any():
        return None
    return np.where(moved, int(streams.max()) + 1, streams)


def _phases(scenario: Scenario, communicates: Bools) -> list[tuple[Int64, Int64]]:
    """Runs of kernels, each with the run of communication after it."""
    turn = np.argsort(scenario.activities.ranks, kind="stable")
    turn = turn[(communicates | scenario.on(SM))[turn]]
    kind = communicates[turn]
    edges = np.flatnonzero(np.diff(kind.astype(np.int8))) + 1
    runs = np.split(turn, edges)
    first = 1 if len(turn) and kind[0] else 0
    pairs = range(first, len(runs) - 1, 2)
    return [(runs[i], runs[i + 1]) for i in pairs]


def _ready_after(kernels: int, messages: int) -> Int64:
    """The kernel after which each message is complete, if they are made evenly."""
    return np.asarray(-(-(np.arange(messages) + 1) * kernels // messages) - 1)


def _events(scenario: Scenario, sources: Int64, targets: Int64) -> Orders:
    codes = scenario.work.engine_codes[scenario.activities.places].astype(np.int64)
    kinds = np.full(len(sources), int(Kind.EVENT))
    lags = scenario.lags.typical(kinds, codes[sources], codes[targets])
    return Orders.of(ends(sources), starts(targets), Kind.EVENT, lags)


def _from_computing(scenario: Scenario, computing: Int64, communicating: Int64) -> Bools:
    """Orders that made communication wait for kernels of this phase, but for stream order."""
    orders = scenario.orders
    found = np.isin(orders.kinds, _ORDERS) & np.isin(orders.sources, ends(computing))
    return np.asarray(found & np.isin(orders.targets, starts(communicating)))


FIX = Fix(
    "overlap_communication",
    "communication beside computation",
    "Collectives and peer copies start as soon as their part is computed, in another stream.",
    overlap_communication,
)
