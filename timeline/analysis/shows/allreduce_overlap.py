"""What the variants of ``allreduce_overlap`` must show."""

from timeline.analysis.device_figures import computing_at_once, hidden_communication, makespan
from timeline.analysis.shows.check import Check, of, times

__all__ = ["CHECKS", "TELLING"]

TELLING = "per_layer: hidden"

CHECKS = (
    Check(
        "after_backward: exposed",
        "hidden communication ratio, the lowest of any device",
        of("after_backward", hidden_communication),
        most=0.1,
    ),
    Check(
        TELLING,
        "hidden communication ratio, the lowest of any device",
        of("per_layer", hidden_communication),
        least=0.8,
    ),
    Check(
        "it is faster",
        "makespan over all devices, as a multiple of that with all-reduces after the backward pass",
        times("per_layer", "after_backward", makespan),
        most=0.95,
    ),
    *(
        Check(
            f"{variant}: the devices run side by side",
            "devices that compute while any does",
            of(variant, computing_at_once),
            least=1.8,
        )
        for variant in ("after_backward", "per_layer")
    ),
)
