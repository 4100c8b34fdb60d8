"""What the variants of ``five_kernels`` must show."""

from timeline.analysis.shows.check import NONE, Check, of
from timeline.analysis.technique_figures import concurrency, host_beside, shared_sms

__all__ = ["CHECKS", "TELLING"]

TELLING = "side by side"

CHECKS = (
    Check(
        "one at a time",
        "streams that run a kernel at once, with one stream",
        of("one_stream", concurrency),
        most=1 + NONE,
    ),
    Check(
        "side by side",
        "streams that run a kernel at once, with two streams",
        of("two_streams", concurrency),
        least=1.25,
    ),
    Check(
        "on the same SMs",
        "SMs that held blocks of two kernels at once",
        of("two_streams", shared_sms),
        least=1,
    ),
    Check(
        "the host beside them",
        "share of the host's work during which a kernel ran",
        of("two_streams", host_beside),
        least=0.7,
    ),
)
