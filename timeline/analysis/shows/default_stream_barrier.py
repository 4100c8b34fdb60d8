"""What the variants of ``default_stream_barrier`` must show."""

from timeline.analysis.shows.check import NONE, Check, of, times
from timeline.analysis.technique_figures import beside, fast_gap

__all__ = ["CHECKS", "TELLING"]

TELLING = "its cost"

CHECKS = (
    Check(
        "no barrier before",
        "share of the stray kernel beside others, in a stream of its own",
        of("named_streams", beside("ker_stray", "ker_slow|ker_fast")),
        least=0.9,
    ),
    Check(
        "the barrier",
        "share of the stray kernel beside others, in the legacy default stream",
        of("stray_legacy", beside("ker_stray", "ker_slow|ker_fast")),
        most=NONE,
    ),
    Check(
        "its cost",
        "gap in the fast stream, as a multiple of that without the barrier",
        times("stray_legacy", "named_streams", fast_gap),
        least=5,
    ),
    Check(
        "non-blocking streams run through",
        "gap in the fast stream, as a multiple of that with the barrier",
        times("non_blocking", "stray_legacy", fast_gap),
        most=0.2,
    ),
)
