"""What the variants of ``host_callback`` must show."""

from timeline.analysis.host_figures import after_function_ns, before_function_ns, waiting
from timeline.analysis.kernel_figures import following_ns
from timeline.analysis.shows.check import NONE, Check, of, times
from timeline.analysis.technique_figures import beside

__all__ = ["CHECKS", "TELLING"]

TELLING = "synchronize: the host waits"

FUNCTION, KERNELS = "use the result", r"ker_\d+"

CHECKS = (
    *(
        Check(
            f"{variant}: the host waits",
            "share of the issuing phase that the host waits",
            of(variant, waiting("wait for the result")),
            least=0.3,
        )
        for variant in ("synchronize", "poll")
    ),
    *(
        check
        for variant in ("host_func", "side_stream")
        for check in (
            Check(
                f"{variant}: the host does not",
                "share of the issuing phase that the host waits",
                of(variant, waiting("wait for the result")),
                most=NONE,
            ),
            Check(
                f"{variant}: after its stream's work",
                "least ns from the end of what precedes a function in its stream to its start",
                of(variant, before_function_ns),
                least=0,
            ),
        )
    ),
    Check(
        "host_func: it holds its stream",
        "least ns from a function's end to the start of what follows in its stream",
        of("host_func", after_function_ns),
        least=0,
    ),
    Check(
        "host_func: and no other",
        "share of the functions' time beside kernels",
        of("host_func", beside(FUNCTION, KERNELS)),
        least=0.3,
    ),
    Check(
        "side_stream: it does not hold the kernels",
        "gap between the kernels of a stream, as a multiple of that of host_func",
        times("side_stream", "host_func", following_ns("ker_1")),
        most=0.3,
    ),
)
