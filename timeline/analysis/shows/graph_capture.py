"""What the variants of ``graph_capture`` must show."""

from timeline.analysis.host_figures import issuing_ns
from timeline.analysis.kernel_figures import at_once, span_ns
from timeline.analysis.shows.check import Check, of, times

__all__ = ["CHECKS", "TELLING"]

TELLING = "one call"

CHECKS = (
    Check(
        "one call",
        "host time in calls that issue, as a multiple of that of stream launches",
        times("graph", "stream_launches", issuing_ns),
        most=1 / 20,
    ),
    Check(
        "the same time on the device",
        "first kernel to last, as a multiple of that of stream launches",
        times("graph", "stream_launches", span_ns),
        least=0.97,
        most=1.03,
    ),
    *(
        Check(f"{variant}: branches at once", "kernels at once", of(variant, at_once), least=2)
        for variant in ("stream_launches", "graph")
    ),
)
