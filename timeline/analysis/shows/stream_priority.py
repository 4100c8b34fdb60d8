"""What the variants of ``stream_priority`` must show."""

from timeline.analysis.kernel_figures import queueing_ns
from timeline.analysis.shows.check import Check, of, times
from timeline.analysis.technique_figures import beside

__all__ = ["CHECKS", "TELLING"]

TELLING = "high: sooner"

BLOCK_NS = 50_000
"""Duration of the large kernel's blocks, as the technique has it by default."""

delay = queueing_ns("ready", "communicate")

CHECKS = (
    Check(
        "equal: behind all blocks",
        "ns that the small kernel waits",
        of("equal", delay),
        least=3 * BLOCK_NS,
    ),
    Check(
        "high: until blocks end",
        "ns that the small kernel waits",
        of("high", delay),
        least=0,
        most=1.2 * BLOCK_NS,
    ),
    Check(
        "high: sooner",
        "wait of the small kernel, as a multiple of that with equal priority",
        times("high", "equal", delay),
        most=0.4,
    ),
    Check(
        "high: in the middle of the large one",
        "share of the small kernel beside the large one",
        of("high", beside("communicate", "(ker_)?layer")),
        least=0.9,
    ),
)
