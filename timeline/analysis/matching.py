"""Joining rows of two tables by order of issue."""

from __future__ import annotations

import numpy as np

from timeline.analysis.numbering import number_ids
from timeline.intervals import Int64

__all__ = ["first_after", "latest_before", "pair_codes"]


def latest_before(groups: Int64, keys: Int64, of_groups: Int64, of_keys: Int64) -> Int64:
    """For each query the item of its group with the greatest key below the query's.

    Parameters
    ----------
    groups, keys : numpy.ndarray of int64, shape (n,)
        The items.
    of_groups, of_keys : numpy.ndarray of int64, shape (m,)
        The queries.

    Returns
    -------
    numpy.ndarray of int64, shape (m,)
        Index of the item, the last of several with that key; -1 where there is none.
    """
    count, queries = len(keys), len(of_keys)
    if count == 0 or queries == 0:
        return np.full(queries, -1, np.int64)
    group, key = np.concatenate((groups, of_groups)), np.concatenate((keys, of_keys))
    is_item = np.arange(count + queries) < count
    order = np.lexsort((is_item, key, group))  # a query comes before an item of its own key
    places = np.where(is_item[order], np.arange(len(order)), -1)
    nearest = np.maximum.accumulate(places)
    found = np.where(nearest >= 0, order[nearest], -1)
    found[(found >= 0) & (group[found] != group[order])] = -1
    answer = np.empty(queries, np.int64)
    asked = ~is_item[order]
    answer[order[asked] - count] = found[asked]
    return answer


def first_after(groups: Int64, keys: Int64, of_groups: Int64, of_keys: Int64) -> Int64:
    """For each query the item of its group with the smallest key above the query's, or -1.

    Of several items with that key the first.
    """
    found = latest_before(groups[::-1], -keys[::-1], of_groups, -of_keys)
    return np.where(found >= 0, len(keys) - 1 - found, -1)


def pair_codes(*columns: tuple[Int64, Int64]) -> tuple[Int64, ...]:
    """Number the pairs (process, handle) of several tables: equal pairs get equal numbers.

    When one of the tables does not name processes (all null, so -1), handles alone decide.
    """
    codes = [_codes([handle for _, handle in columns])]
    if all(bool((process >= 0).any()) for process, _ in columns):
        codes.insert(0, _codes([process for process, _ in columns]))
    joined = (
        codes[-1] if len(codes) == 1 else codes[0] * (int(codes[1].max(initial=0)) + 1) + codes[1]
    )
    ends = np.cumsum([len(handle) for _, handle in columns])
    return tuple(np.split(joined, ends[:-1]))


def _codes(parts: list[Int64]) -> Int64:
    return number_ids(np.concatenate(parts))
