"""What the variants of ``graph_capture`` must show."""

from timeline.analysis.host_figures import issuing_ns
from timeline.analysis.kernel_figures import at_once, span_ns
from timeline.analysis.shows.check import Check, of, times

__all__ = ["CHECKS", "TELLING"]

TELLING = "one call"

TRACED = 0.5
"""CUPTI traces a graph node by node inside ``cudaGraphLaunch``: on an H100 the call then took 0.31
of the stream launches, untraced 1/43 (``benchmarks/graph_replay.py``)."""

CHECKS = (
    Check(
        "one call",
        "host time in traced calls that issue, as a multiple of that of stream launches",
        times("graph", "stream_launches", issuing_ns),
        most=TRACED,
    ),
    Check(
        "the same time on the device",
        "first kernel to last, as a multiple of that of stream launches",
        times("graph", "stream_launches", span_ns),
        least=0.95,
        most=1.03,
    ),
    *(
        Check(f"{variant}: branches at once", "kernels at once", of(variant, at_once), least=2)
        for variant in ("stream_launches", "graph")
    ),
)
