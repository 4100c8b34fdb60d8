"""Claims of the section on default streams."""

from __future__ import annotations

from timeline.claims.claim import Claim, Part, shown

__all__ = ["CLAIMS"]

SECTION = "Default streams"

CLAIMS = (
    Claim(
        10,
        SECTION,
        "The legacy default stream is a barrier",
        "Work in the legacy default stream waits for all blocking streams and holds them until it "
        "has ended; non-blocking streams take no part.",
        (
            *shown(
                "default_stream_barrier",
                "the barrier",
                "its cost",
                "non-blocking streams run through",
            ),
            *shown("default_stream_barrier", "no barrier before", part=Part.SUPPORTS),
        ),
    ),
    Claim(
        11,
        SECTION,
        "Per-thread default streams don't wait for each other",
        "Kernels that host threads launch into their per-thread default streams run at once; they "
        "still wait for the legacy default stream, and it for them.",
        (
            *shown("per_thread_default_stream", "threads at once", "legacy still a barrier"),
            *shown(
                "per_thread_default_stream",
                "one at a time",
                "the library among them",
                "threads at once around it",
                part=Part.SUPPORTS,
            ),
        ),
    ),
)
