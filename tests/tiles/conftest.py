"""Traces for the timeline's index: written down, and large."""

from collections.abc import Callable

import numpy as np
import pytest

from timeline.trace import Device, Meta, Trace, table

ENGINES = ("SM", "H2D", "D2H", "P2P", "HOST")
Activities = list[tuple[int, int, int, int, int]]
Ranges = list[tuple[int, int, int]]


def trace_of(activities: Activities, ranges: Ranges | None = None) -> Trace:
    """Activities as (start, length, engine, stream, name); ranges as (start, length, name)."""
    columns = {
        "kind": ["kernel" if a[2] == 0 else "memcpy" for a in activities],
        "name": [f"name {a[4]}" for a in activities],
        "start": [a[0] for a in activities],
        "end": [a[0] + a[1] for a in activities],
        "device": [0] * len(activities),
        "stream": [a[3] for a in activities],
        "engine": [ENGINES[a[2]] for a in activities],
        "correlation": list(range(len(activities))),
    }
    spans = {
        "name": [f"range {r[2]}" for r in ranges or []],
        "start": [r[0] for r in ranges or []],
        "end": [r[0] + r[1] for r in ranges or []],
        "process": [1] * len(ranges or []),
        "thread": [1] * len(ranges or []),
    }
    tables = {"activities": table("activities", columns), "ranges": table("ranges", spans)}
    return Trace.from_tables(Meta("cupti", devices=(Device(0, "GPU"),)), tables)


def many(count: int, seed: int = 1) -> Trace:
    """As many kernels of four streams, mostly short, some long, with bursts and pauses."""
    rng = np.random.default_rng(seed)
    stream = rng.integers(7, 11, count)
    length = np.where(rng.random(count) < 0.01, rng.integers(0, 200_000, count), 0)
    length += rng.integers(0, 300, count)
    pause = np.where(rng.random(count) < 0.001, 1_000_000, rng.integers(0, 200, count))
    start = np.empty(count, np.int64)
    for one in range(7, 11):
        mine = stream == one
        start[mine] = np.cumsum(pause[mine] + length[mine]) - length[mine]
    order = np.argsort(start, kind="stable")
    columns = {
        "kind": (np.zeros(count, np.int32), ["kernel"]),
        "name": (rng.integers(0, 50, count).astype(np.int32), [f"k{i}" for i in range(50)]),
        "start": start[order],
        "end": (start + length)[order],
        "device": np.zeros(count, np.int32),
        "stream": stream[order],
        "engine": (np.zeros(count, np.int32), ["SM"]),
        "correlation": np.arange(count),
    }
    meta = Meta("cupti", devices=(Device(0, "GPU"),))
    return Trace.from_tables(meta, {"activities": table("activities", columns)})


@pytest.fixture(scope="session")
def traced() -> Callable[..., Trace]:
    """:func:`trace_of`."""
    return trace_of


@pytest.fixture(scope="session")
def large() -> Trace:
    return many(80_000)
