"""What the variants of ``pinned_vs_pageable`` must show."""

from timeline.analysis.shows.check import Check, of
from timeline.analysis.technique_figures import calls_share, hidden_copies

__all__ = ["CHECKS", "TELLING"]

TELLING = "pinned"

CHECKS = (
    Check("pageable", "hidden copy ratio", of("pageable", hidden_copies), most=0.1),
    Check("pinned", "hidden copy ratio", of("pinned", hidden_copies), least=0.4),
    Check(
        "pageable blocks the host",
        "share of the makespan in cudaMemcpyAsync",
        of("pageable", calls_share("cudaMemcpyAsync")),
        least=0.5,
    ),
    Check(
        "pinned returns at once",
        "share of the makespan in cudaMemcpyAsync",
        of("pinned", calls_share("cudaMemcpyAsync")),
        most=0.1,
    ),
)
