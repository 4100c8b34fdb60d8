"""What the variants of ``variable_scratch`` must show."""

from timeline.analysis.role_figures import makespan_ns
from timeline.analysis.shows.check import Check, of, times
from timeline.analysis.technique_figures import calls_share, concurrency, efficiency

__all__ = ["CHECKS", "TELLING"]

TELLING = "no stall"

CHECKS = (
    Check(
        "cudaFree waits",
        "share of the makespan in cudaFree",
        of("blocking", calls_share("cudaFree")),
        least=0.3,
    ),
    Check(
        "one stream at a time",
        "streams that run a kernel at once",
        of("blocking", concurrency),
        most=1.1,
    ),
    Check(
        "side by side",
        "streams that run a kernel at once",
        of("stream_ordered", concurrency),
        least=1.3,
    ),
    Check(
        "no stall",
        "busiest engine's share of the makespan",
        of("stream_ordered", efficiency),
        least=0.9,
    ),
    Check(
        "faster",
        "makespan, as a multiple of that with cudaMalloc and cudaFree",
        times("stream_ordered", "blocking", makespan_ns),
        most=0.75,
    ),
)
