"""Communication beside the computation that does not need it."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from timeline.engines import P2P, SM
from timeline.intervals import Int64
from timeline.whatif.fix import Change, Fix, unchanged
from timeline.whatif.orders import NO_ORDERS, Kind, Orders, ends, starts
from timeline.whatif.restream import dealt, restreamed
from timeline.whatif.scenario import Scenario

__all__ = ["FIX"]

Bools = npt.NDArray[np.bool_]

_COLLECTIVE = re.compile(r"nccl|rccl|allreduce|all_reduce|reduce_?scatter|all_?gather", re.I)
_ORDERS = (Kind.STREAM, Kind.EVENT, Kind.LEGACY)


def overlap_communication(scenario: Scenario) -> Change:
    """Each communication starts once its share of the computation before it is done."""
    communicates = _communication(scenario)
    streams = dealt(scenario.activities.streams, _shares_stream(scenario, communicates), 2)
    moved = streams != scenario.activities.streams
    scenario = restreamed(scenario, streams) if moved.any() else scenario
    pairs, count = [NO_ORDERS], int(moved.sum())
    drop = np.zeros(len(scenario.orders), np.bool_)
    for device in np.unique(scenario.devices).tolist():
        for computing, communicating, after in _phases(scenario, communicates, device):
            ready = _ready_after(len(computing), len(communicating))
            pairs.append(_events(scenario, computing[ready], communicating))
            drop |= _from_computing(scenario, computing, communicating)
            count += int((ready < len(computing) - 1).sum())
            held = communicating[moved[communicating] & ~scenario.on(P2P)[communicating]][-1:]
            pairs.append(_events(scenario, held[: len(after)], after[: len(held)]))
    if not count:
        return unchanged(scenario)
    orders = scenario.orders.kept(~drop).and_(*pairs)
    return Change(scenario.replace(orders=orders), count, _assumed(scenario, moved))


def _assumed(scenario: Scenario, moved: Bools) -> tuple[str, ...]:
    assumed = (
        "The computation makes what is communicated evenly, in the order in which it is sent.",
        "What comes after a collective needs all of it.",
    )
    if not (moved & scenario.on(P2P)).any():
        return assumed
    return *assumed, "What followed a peer copy in its stream does not write what that still reads."


def _communication(scenario: Scenario) -> Bools:
    words = scenario.work.trace.names("activities", "name")
    mine = [word for word in words if _COLLECTIVE.search(word)]
    return np.asarray(np.isin(scenario.names("name"), mine) | scenario.on(P2P))


def _shares_stream(scenario: Scenario, communicates: Bools) -> Int64:
    """1 for communication whose stream has computation too, 0 for all else."""
    streams = scenario.activities.streams
    mixed = np.intersect1d(streams[communicates], streams[~communicates & scenario.on(SM)])
    return np.asarray(communicates & np.isin(streams, mixed), np.int64)


def _phases(
    scenario: Scenario, communicates: Bools, device: int
) -> list[tuple[Int64, Int64, Int64]]:
    """Runs of kernels of a device, each with the run of communication after it, and the next."""
    turn = np.argsort(scenario.activities.ranks, kind="stable")
    turn = turn[((communicates | scenario.on(SM)) & (scenario.devices == device))[turn]]
    kind = communicates[turn]
    edges = np.flatnonzero(np.diff(kind.astype(np.int8))) + 1
    runs = [*np.split(turn, edges), turn[:0]]
    first = 1 if len(turn) and kind[0] else 0
    return [(runs[i], runs[i + 1], runs[i + 2]) for i in range(first, len(runs) - 2, 2)]


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
