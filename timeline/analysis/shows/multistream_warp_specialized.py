"""What the variants of ``multistream_warp_specialized`` must show."""

from timeline.analysis.role_figures import makespan_ns, roles_at_once
from timeline.analysis.shows.check import NONE, Check, of, times
from timeline.analysis.technique_figures import efficiency, hidden_copies

__all__ = ["CHECKS", "TELLING"]

TELLING = "two_streams: hidden"

CHECKS = (
    Check("one_stream", "hidden copy ratio", of("one_stream", hidden_copies), most=NONE),
    *(
        Check(f"{variant}: {name}", doc, of(variant, figure), least=least)
        for variant in ("two_streams", "three_streams")
        for name, doc, figure, least in (
            ("hidden", "hidden copy ratio", hidden_copies, 0.75),
            ("efficient", "busiest engine's share of the makespan", efficiency, 0.9),
        )
    ),
    Check(
        "two_streams: faster",
        "makespan, as a multiple of that with one stream",
        times("two_streams", "one_stream", makespan_ns),
        most=0.75,
    ),
    Check(
        "inside the kernel",
        "share of the storer's time beside the compute warp of its block",
        of("two_streams", roles_at_once("storer", "compute")),
        least=0.6,
    ),
)
