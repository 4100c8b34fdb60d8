"""Claims of the section on synchronisation."""

from __future__ import annotations

from timeline.analysis.shows.check import of
from timeline.claims.claim import Claim, Json, Part, probed, recorded, shown
from timeline.claims.figures import gap_between
from timeline.claims.probes import at, longest_call_ns, over

__all__ = ["CLAIMS"]

SECTION = "Synchronization"


def event_cost(measured: Json) -> float:
    """What an event without timing adds between two kernels, as a part of one with timing."""
    plain, untimed, timed = (
        measured["gaps"][name]
        for name in (
            "same stream",
            "same stream, event between",
            "same stream, timing event between",
        )
    )
    return float((untimed - plain) / (timed - plain))


CLAIMS = (
    Claim(
        12,
        SECTION,
        "cudaStreamWaitEvent holds only its stream",
        "`cudaStreamWaitEvent` makes one stream wait on the device; the host and every other "
        "stream go on.",
        (
            *shown("event_wait", "an event does not", "the device reacts faster than the host"),
            recorded(
                Part.DECIDES,
                "event_wait",
                "gap between kernels of the stream that takes no part in the wait",
                of("event", gap_between("independent")),
                most=10_000,
                unit="ns",
            ),
            *shown("layerwise_pipeline", "two batches at once", part=Part.SUPPORTS),
            *shown(
                "event_dag", "the time falls", "as long as its longest chain", part=Part.SUPPORTS
            ),
            probed(
                Part.SUPPORTS,
                "longest call of cudaStreamWaitEvent, the event's stream idle or busy",
                longest_call_ns("cudaStreamWaitEvent"),
                most=50_000,
                unit="ns",
            ),
        ),
    ),
    Claim(
        13,
        SECTION,
        "A host function blocks its stream",
        "A function given to `cudaLaunchHostFunc` runs after its stream's earlier work, and the "
        "stream's later work waits until it returns.",
        (
            *shown(
                "host_callback",
                "host_func: after its stream's work",
                "host_func: it holds its stream",
            ),
            *shown(
                "host_callback",
                "host_func: the host does not",
                "host_func: and no other",
                "side_stream: it does not hold the kernels",
                part=Part.SUPPORTS,
            ),
            probed(
                Part.SUPPORTS,
                "gap between two kernels with an empty host function between them, as a multiple "
                "of the gap without",
                over(at("gaps", "host function between"), at("gaps", "same stream")),
                least=2,
            ),
        ),
    ),
    Claim(
        22,
        SECTION,
        "An event without timing is cheaper",
        "An event made with `cudaEventDisableTiming` costs less to record than one that keeps the "
        "time, on the host and on the device.",
        (
            probed(
                Part.DECIDES,
                "host time to record an event without timing, as a part of one with timing",
                over(
                    at("waits", "cudaEventRecord", "idle"),
                    at("waits", "cudaEventRecord timing", "idle"),
                ),
                most=0.9,
            ),
            probed(
                Part.DECIDES,
                "what recording it adds to the gap between two kernels, as a part of what one with "
                "timing adds",
                event_cost,
                most=0.5,
            ),
            *shown("event_dag", "an event without timing is cheaper", part=Part.SUPPORTS),
        ),
    ),
)
