"""What the variants of ``saturation`` must show."""

from timeline.analysis.kernel_figures import ANY, at_once, busy_ns, duration_ns
from timeline.analysis.shows.check import NONE, Check, of, times

__all__ = ["CHECKS", "TELLING"]

TELLING = "bandwidth: each twice as long"

CHECKS = (
    *(
        check
        for kind in ("bandwidth", "compute")
        for check in (
            Check(
                f"{kind}: one at a time",
                "kernels at once, in one stream",
                of(f"{kind}_alone", at_once),
                most=1 + NONE,
            ),
            Check(
                f"{kind}: at once",
                "kernels at once, in two streams",
                of(f"{kind}_together", at_once),
                least=1.7,
            ),
            Check(
                f"{kind}: each twice as long",
                "duration of a kernel, as a multiple of that alone",
                times(f"{kind}_together", f"{kind}_alone", duration_ns(ANY)),
                least=1.6,
                most=2.4,
            ),
            Check(
                f"{kind}: nothing gained",
                "time with a kernel, as a multiple of that one after the other",
                times(f"{kind}_together", f"{kind}_alone", busy_ns),
                least=0.85,
            ),
        )
    ),
    Check(
        "unlike kernels gain",
        "time with a kernel, as a multiple of that one after the other",
        times("mixed_together", "mixed_alone", busy_ns),
        most=0.75,
    ),
)
