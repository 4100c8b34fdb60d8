"""What the variants of ``stream_ordered_alloc`` must show."""

from timeline.analysis.shows.check import Check, of, times
from timeline.analysis.technique_figures import calls_ns, calls_share, hidden_copies

__all__ = ["CHECKS", "TELLING"]

TELLING = "cudaFree waits"

CHECKS = (
    Check(
        "cudaFree waits",
        "share of the makespan in cudaFree",
        of("malloc_free", calls_share("cudaFree")),
        least=0.5,
    ),
    Check("one batch at a time", "hidden copy ratio", of("malloc_free", hidden_copies), most=0.05),
    Check(
        "no call waits",
        "share of the makespan in cudaMallocAsync and cudaFreeAsync",
        of("async", calls_share("cudaMallocAsync|cudaFreeAsync")),
        most=0.25,
    ),
    Check("batches overlap", "hidden copy ratio", of("async", hidden_copies), least=0.2),
    *(
        Check(
            f"{variant}: warm",
            "time in cudaMallocAsync, as a multiple of that without a release threshold",
            times(variant, "async", calls_ns("cudaMallocAsync")),
            most=0.5,
        )
        for variant in ("async_half", "async_max")
    ),
)
