"""What the variants of ``cluster_pipeline`` must show."""

from timeline.analysis.cluster_figures import kernel_ns
from timeline.analysis.shows.check import Check, of, times
from timeline.analysis.technique_figures import concurrency, hidden_copies

__all__ = ["CHECKS", "TELLING"]

TELLING = "one load a cluster"

CHECKS = (
    Check(
        "one load a cluster",
        "time of the kernels, as a multiple of that when each block loads",
        times("cluster", "per_block", kernel_ns),
        most=0.9,
    ),
    Check(
        "a leader's memory",
        "time of the kernels that read it, as a multiple of that when each block loads",
        times("leader", "per_block", kernel_ns),
        least=1.1,
    ),
    Check(
        "copies beside kernels",
        "hidden copy ratio",
        of("cluster", hidden_copies),
        least=0.5,
    ),
    Check(
        "cooperative launches at once",
        "kernels at once, with cooperative launches",
        of("cooperative", concurrency),
        least=1.1,
    ),
)
