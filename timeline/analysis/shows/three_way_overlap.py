"""What the variants of ``three_way_overlap`` must show."""

from timeline.analysis.shows.check import Check, of
from timeline.analysis.technique_figures import efficiency, hidden_copies, three_at_once

__all__ = ["CHECKS", "TELLING"]

TELLING = "depth_first: hidden"

CHECKS = (
    Check("serial", "hidden copy ratio", of("serial", hidden_copies), most=0.05),
    *(
        Check(f"{variant}: {name}", doc, of(variant, figure), least=least)
        for variant in ("depth_first", "breadth_first")
        for name, doc, figure, least in (
            ("hidden", "hidden copy ratio", hidden_copies, 0.9),
            ("all three", "share of the makespan with three engines busy", three_at_once, 0.7),
            ("efficient", "busiest engine's share of the makespan", efficiency, 0.95),
        )
    ),
)
