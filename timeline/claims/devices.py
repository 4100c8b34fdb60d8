"""Claims of the sections on communication and on several devices."""

from __future__ import annotations

from timeline.claims.claim import Claim, Part, probed
from timeline.claims.probes import at, over
from timeline.claims.streams import LAST_WAVE

__all__ = ["CLAIMS"]

SECTION = "Several devices"

CLAIMS = (
    Claim(
        15,
        SECTION,
        "Peer copies use no SM",
        "A copy from one device to another is made by copy engines, and slows no kernel down.",
        (),
    ),
    Claim(
        16,
        SECTION,
        "NCCL overlaps and uses few SMs",
        "A collective of NCCL on a stream of its own runs beside compute and takes only a few SMs "
        "from it.",
        (),
    ),
    Claim(
        21,
        SECTION,
        "High priority shortens the wait of communication",
        "A small kernel in a high-priority stream starts sooner behind work that fills the device "
        "than one in a stream of equal priority.",
        (
            probed(
                Part.DECIDES,
                "wait of a small grid of high priority behind four full waves, as a part of that "
                "with equal priority",
                over(at("concurrency", LAST_WAVE, "high"), at("concurrency", LAST_WAVE, "equal")),
                most=0.5,
            ),
            probed(
                Part.LIMITS,
                "its wait with high priority",
                at("concurrency", LAST_WAVE, "high"),
                most=50_000,
                unit="ns",
                outside="Running blocks are not preempted: with high priority it still waited "
                "{found}, for the blocks of the first wave to end.",
            ),
        ),
    ),
)
