"""What the variants of ``torch_allocator`` must show."""

from timeline.analysis.device_figures import makespan
from timeline.analysis.shows.check import NONE, Check, of, times
from timeline.analysis.technique_figures import calls_ns, calls_share

__all__ = ["CHECKS", "TELLING"]

TELLING = "cudaFree waits"

CHECKS = (
    Check(
        TELLING,
        "share of the makespan in cudaFree",
        of("native", calls_share("cudaFree")),
        least=0.3,
    ),
    Check(
        "no call waits",
        "share of the makespan in cudaFree",
        of("cuda_malloc_async", calls_share("cudaFree")),
        most=NONE,
    ),
    Check(
        "memory comes in stream order",
        "ns in cudaMallocAsync",
        of("cuda_malloc_async", calls_ns("cudaMallocAsync")),
        least=1,
    ),
    Check(
        "it is faster",
        "makespan with cudaMallocAsync, as a multiple of the native allocator's",
        times("cuda_malloc_async", "native", makespan),
        most=0.97,
    ),
)
