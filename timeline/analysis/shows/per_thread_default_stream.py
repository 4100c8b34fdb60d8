"""What the variants of ``per_thread_default_stream`` must show."""

from timeline.analysis.shows.check import NONE, Check, of
from timeline.analysis.technique_figures import beside, concurrency

__all__ = ["CHECKS", "TELLING"]

TELLING = "threads at once"

CHECKS = (
    Check("one at a time", "kernels at once", of("legacy", concurrency), most=1 + NONE),
    Check("threads at once", "kernels at once", of("per_thread", concurrency), least=1.5),
    Check(
        "the library among them",
        "share of the library's kernel beside others, in a per-thread default stream",
        of("per_thread", beside("ker_library", r"ker_\d+")),
        least=0.5,
    ),
    Check(
        "legacy still a barrier",
        "share of the library's kernel beside others, in the legacy default stream",
        of("legacy_sync", beside("ker_library", r"ker_\d+")),
        most=NONE,
    ),
    Check(
        "threads at once around it",
        "kernels at once",
        of("legacy_sync", concurrency),
        least=1.5,
    ),
)
