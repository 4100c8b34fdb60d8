"""What the variants of ``concurrency_limit`` must show."""

from timeline.analysis.kernel_figures import busy_ns, most_at_once, step_ratio
from timeline.analysis.shows.check import Check, of, times

__all__ = ["CHECKS", "TELLING"]

TELLING = "one more takes twice the time"

LIMIT = 128

CHECKS = (
    Check("all at once", "most kernels at once", of("kernels_128", most_at_once), least=LIMIT),
    Check("no more", "most kernels at once", of("kernels_129", most_at_once), most=LIMIT),
    Check(
        "one more takes twice the time",
        "time with a kernel, as a multiple of that of 128 kernels",
        times("kernels_129", "kernels_128", busy_ns),
        least=1.6,
    ),
    Check(
        "sweep: the plateau",
        "most kernels at once, with up to 256 streams",
        of("sweep", most_at_once),
        least=LIMIT,
        most=LIMIT,
    ),
    Check(
        "sweep: a second round",
        "time of 256 kernels, as a multiple of that of 64",
        of("sweep", step_ratio("ker_of_256", "ker_of_64")),
        least=1.6,
    ),
    Check(
        "chunks: finer is faster up to the limit",
        "time of the work in 32 chunks, as a multiple of that in 128",
        of("chunks", step_ratio("ker_of_32", "ker_of_128")),
        least=2.2,
    ),
    Check(
        "chunks: and not beyond it",
        "time of the work in 256 chunks, as a multiple of that in 128",
        of("chunks", step_ratio("ker_of_256", "ker_of_128")),
        least=0.8,
    ),
    Check(
        "cooperative launches at once",
        "most cooperative kernels at once",
        of("cooperative", most_at_once),
        least=2,
    ),
)
