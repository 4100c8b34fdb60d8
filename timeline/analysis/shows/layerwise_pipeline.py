"""What the variants of ``layerwise_pipeline`` must show."""

from timeline.analysis.role_figures import makespan_ns
from timeline.analysis.shows.check import NONE, Check, of, times
from timeline.analysis.technique_figures import concurrency, efficiency

__all__ = ["CHECKS", "TELLING"]

TELLING = "two batches at once"

CHECKS = (
    Check(
        "one layer at a time",
        "streams that run a layer at once, with one stream",
        of("one_stream", concurrency),
        most=1 + NONE,
    ),
    Check(
        "two batches at once",
        "streams that run a layer at once, with two streams",
        of("two_streams", concurrency),
        least=1.5,
    ),
    Check(
        "efficient",
        "busiest engine's share of the makespan",
        of("two_streams", efficiency),
        least=0.9,
    ),
    Check(
        "faster",
        "makespan, as a multiple of that with one stream",
        times("two_streams", "one_stream", makespan_ns),
        most=0.7,
    ),
)
