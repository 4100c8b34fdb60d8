"""Claims of the sections on graphs and on dependent kernels."""

from __future__ import annotations

from timeline.claims.claim import Claim, Json, Part, Probe, probed, shown
from timeline.claims.probes import at

__all__ = ["CLAIMS"]

NODES = 1000


def replay_cost(measured: Json) -> float:
    """Host time of a graph's replay, a kernel, as a part of a launch's."""
    replay = at("graphs", str(NODES), "host_ns")(measured)
    return replay / NODES / at("sync_latency", "launch_throughput_ns")(measured)


def after_primary(case: str, moment: str) -> Probe:
    """From the primary's end to a moment of its dependent, ns."""

    def value(measured: Json) -> float:
        found = measured["pdl"][case]
        return float(found[moment] - found["primary_end"])

    return value


CLAIMS = (
    Claim(
        17,
        "Graphs",
        "A graph replays at almost no host cost",
        "Replaying a captured graph costs the host one call, however many kernels it holds.",
        (
            *shown("graph_capture", "one call"),
            *shown("graph_capture", "the same time on the device", part=Part.SUPPORTS),
            probed(
                Part.DECIDES,
                "host time of replaying 1,000 kernels, a kernel, as a part of launching one in a "
                "stream",
                replay_cost,
                most=1 / 20,
            ),
            probed(
                Part.TELLS,
                "one replay of 1,000 kernels",
                at("graphs", str(NODES), "host_ns"),
                unit="ns",
            ),
        ),
    ),
    Claim(
        18,
        "Dependent kernels",
        "A dependent launched with PDL goes on at the trigger",
        "With programmatic dependent launch, the dependent kernel starts and proceeds once its "
        "primary triggers, before that has ended.",
        (
            *shown("pdl", "dependent launch", "prologue hidden"),
            *shown("pdl", "stream order", part=Part.SUPPORTS),
            *shown(
                "pdl_cluster_gemm",
                "dependent launch",
                "dependent launch: saved",
                "prologue hidden",
                part=Part.SUPPORTS,
            ),
            probed(
                Part.LIMITS,
                "return of griddepcontrol.wait, after the primary's end",
                after_primary("pdl", "wait_returns"),
                most=-1,
                unit="ns",
                outside="Only what comes before its `griddepcontrol.wait` runs beside the primary: "
                "the wait returned {found} after the primary had ended, not at the trigger.",
            ),
            probed(
                Part.LIMITS,
                "start of a dependent with an event that keeps the time between it and its "
                "primary, after the primary's end",
                after_primary("pdl, timing event between", "secondary_start"),
                most=-1,
                unit="ns",
                outside="No event that keeps the time may stand between the two: with one, the "
                "dependent started {found} after the primary's end.",
            ),
            probed(
                Part.SUPPORTS,
                "start of a dependent with an event without timing between, after the primary's "
                "end",
                after_primary("pdl, event between", "secondary_start"),
                most=-1,
                unit="ns",
            ),
        ),
    ),
)
