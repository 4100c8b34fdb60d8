"""What the variants of ``torch_dataloader`` must show."""

from timeline.analysis.device_figures import makespan
from timeline.analysis.shows.check import Check, of, times
from timeline.analysis.technique_figures import calls_share, hidden_copies

__all__ = ["CHECKS", "TELLING"]

TELLING = "prefetch: hidden"

CHECKS = (
    Check(
        "pageable holds the host",
        "share of the makespan in cudaMemcpyAsync",
        of("pageable", calls_share("cudaMemcpyAsync")),
        least=0.5,
    ),
    Check(
        "pinned does not",
        "share of the makespan in cudaMemcpyAsync",
        of("pinned", calls_share("cudaMemcpyAsync")),
        most=0.1,
    ),
    Check("pinned: in turn", "hidden copy ratio", of("pinned", hidden_copies), most=0.05),
    Check(TELLING, "hidden copy ratio", of("prefetch", hidden_copies), least=0.7),
    Check(
        "it is faster",
        "makespan of prefetch, as a multiple of that with pageable memory",
        times("prefetch", "pageable", makespan),
        most=0.85,
    ),
)
