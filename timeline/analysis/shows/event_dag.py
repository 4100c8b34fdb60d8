"""What the variants of ``event_dag`` must show."""

from timeline.analysis.kernel_figures import at_once, busy_ns, longest_chain
from timeline.analysis.shows.check import NONE, Check, of, times
from timeline.analysis.technique_figures import gap

__all__ = ["CHECKS", "TELLING"]

TELLING = "the time falls"

CHECKS = (
    Check("one at a time", "kernels at once", of("one_stream", at_once), most=1 + NONE),
    Check("streams at once", "kernels at once", of("events", at_once), least=1.7),
    Check(
        "the time falls",
        "time with a kernel, as a multiple of that in one stream",
        times("events", "one_stream", busy_ns),
        most=0.6,
    ),
    Check(
        "as long as its longest chain",
        "longest chain's share of the makespan",
        of("events", longest_chain),
        least=0.93,
    ),
    Check(
        "an event without timing is cheaper",
        "step to another stream with timing events, as a multiple of that without",
        times("timing_events", "events", gap("ker_load", "ker_left")),
        least=1.2,
    ),
)
