"""Figures of kernels in clusters, repeat by repeat."""

from __future__ import annotations

from timeline.analysis.technique_figures import Repeat
from timeline.intervals import measure

__all__ = ["kernel_ns"]


def kernel_ns(repeat: Repeat) -> float:
    """``|B(SM)|``: ns in which any kernel ran; NaN without kernels."""
    busy = measure(*repeat.busy("activities", kind="kernel"))
    return float(busy) if busy else float("nan")
