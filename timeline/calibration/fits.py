"""Robust fits: medians, medians by size, and latency plus bytes over a rate."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from timeline.backends.sim.costs import along
from timeline.backends.sim.device_model import Curve
from timeline.calibration.observations import Array

__all__ = ["ENOUGH", "along_curve", "at_sizes", "joined", "line", "rising"]

ENOUGH = 3
"""Observations that a value needs to count."""


def along_curve(curve: Curve, sizes: Array) -> Array:
    """Values of a curve at ``sizes``, as the simulator reads it."""
    return np.array([along(curve, float(size)) for size in sizes], np.float64)


def at_sizes(x: Array, y: Array) -> Curve:
    """The median of ``y`` at each ``x`` of which there are :data:`ENOUGH`."""
    sizes, counts = np.unique(x, return_counts=True)
    return tuple(
        (float(size), float(np.median(y[x == size])))
        for size, count in zip(sizes, counts, strict=True)
        if count >= ENOUGH
    )


def joined(first: Curve, second: Curve) -> Curve:
    """The points of ``first``, and of ``second`` those below and above them."""
    if not first:
        return second
    lowest, highest = first[0][0], first[-1][0]
    below = (point for point in second if point[0] < lowest)
    above = (point for point in second if point[0] > highest)
    return (*below, *first, *above)


def rising(curve: Curve) -> Curve:
    """The curve made monotonic: of points that fall below an earlier one, the mean of both.

    Pool-adjacent-violators, the least-squares isotonic fit.
    """
    blocks: list[list[float]] = []
    for _, y in curve:
        blocks.append([y, 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, count = blocks.pop()
            before, size = blocks.pop()
            blocks.append([(mean * count + before * size) / (count + size), count + size])
    values = [mean for mean, count in blocks for _ in range(int(count))]
    return tuple((x, round(y, 1)) for (x, _), y in zip(curve, values, strict=True))


def line(points: Curve) -> tuple[float, float]:
    """Latency and rate with ``y = latency + x / rate``: the medians of Theil and Sen.

    Raises
    ------
    ValueError
        For fewer than two sizes, or a time that falls with the size.
    """
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(points, 2)]
    slope = float(np.median(slopes)) if slopes else 0.0
    if slope <= 0:
        raise ValueError("no rate: it takes times of at least two sizes that grow with the size")
    latency = float(np.median([y - slope * x for x, y in points]))
    return max(latency, 0.0), 1.0 / slope
