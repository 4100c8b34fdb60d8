"""Calls that follow each other without waiting for anything else, as one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from timeline.intervals import Int64
from timeline.whatif.orders import Orders
from timeline.whatif.scenario import Scenario

__all__ = ["Chains", "chains"]


@dataclass(frozen=True, eq=False, slots=True)
class Chains:
    """Orders without those that only add up.

    Attributes
    ----------
    orders : Orders
        What is left of them.
    heads, offsets : numpy.ndarray of int64, shape (p,)
        Each point comes so many ns after its head; a point that waits for others is its own.
    """

    orders: Orders
    heads: Int64
    offsets: Int64


def chains(scenario: Scenario) -> Chains:
    """Contract runs of call points in which each waits for the one before it alone."""
    orders, points = scenario.orders, scenario.gate + 1
    into = np.bincount(orders.targets, minlength=points)
    first_call = 2 * len(scenario.activities)
    only = (orders.targets > first_call) & (orders.targets < scenario.origin)
    only &= (into[orders.targets] == 1) & (orders.sources == orders.targets - 1)
    lags = np.zeros(points, np.int64)
    lags[orders.targets[only]] = orders.lags[only]
    own = np.ones(points, np.bool_)
    own[orders.targets[only]] = False
    heads = np.maximum.accumulate(np.where(own, np.arange(points), 0))
    total = np.cumsum(lags)
    offsets = total - total[heads]
    left = orders.kept(~only)
    moved = Orders(heads[left.sources], left.targets, left.lags + offsets[left.sources], left.kinds)
    return Chains(moved, heads, offsets)
