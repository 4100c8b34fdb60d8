"""What the variants of ``pdl`` must show."""

from timeline.analysis.shows.check import Check, of
from timeline.analysis.technique_figures import (
    AT_ONCE_NS,
    gap,
    prologue_beside_epilogue,
    wait_after_primary,
)

__all__ = ["CHECKS", "TELLING"]

TELLING = "dependent launch"

CHECKS = (
    Check(
        "stream order",
        "gap between primary and secondary, ns",
        of("stream_order", gap("primary", "secondary")),
        least=1,
    ),
    Check(
        "dependent launch",
        "gap between primary and secondary, ns",
        of("pdl", gap("primary", "secondary")),
        most=-1,
    ),
    Check(
        "prologue hidden",
        "share of the prologues beside epilogues",
        of("pdl", prologue_beside_epilogue),
        least=0.8,
    ),
    Check(
        "the wait returns at the primary's end",
        "ns from the primary's end to the wait's return",
        of("pdl", wait_after_primary),
        least=-AT_ONCE_NS,
    ),
)
