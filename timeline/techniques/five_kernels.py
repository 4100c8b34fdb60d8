"""Five kernels in one stream, and interleaved in two, with the host working in between.

The host's order is ker_1, its own work, ker_A, ker_B, ker_2, its own work, ker_3. The chapter's
listing and its figure give the kernels to the two streams differently, so ``order`` offers both.
"""

from __future__ import annotations

from collections.abc import Mapping

from timeline.program import Param, Program
from timeline.techniques.scaffold import (
    BLOCK,
    GRID,
    US,
    bring_home,
    geometry,
    microseconds,
    program_builder,
    seed,
    seeded,
)
from timeline.techniques.spin import spin, spun
from timeline.techniques.technique import Parameter, Technique, Variant

__all__ = ["TECHNIQUE"]

HOST = "host work"

ISSUED = ("ker_1", HOST, "ker_A", "ker_B", "ker_2", HOST, "ker_3")
"""What the host does, in order."""

SECOND = {"listing": ("ker_A", "ker_2"), "figure": ("ker_A", "ker_B")}
"""Kernels of the second lane of data; the others are of the first."""


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Two lanes of data, each a chain of kernels; one stream for both, or one each."""
    b = program_builder("five_kernels", variant, params)
    shape, second = geometry(params), SECOND[str(params["order"])]
    first_stream = b.stream("stream 1")
    streams = (first_stream, b.stream("stream 2") if variant == "two_streams" else first_stream)
    data = [seeded(b, f"lane {lane + 1}", shape, lane) for lane in (0, 1)]
    markers: tuple[list[int], list[int]] = ([], [])
    with b.range("issue", category="phase"):
        for marker, name in enumerate(ISSUED, 1):
            if name == HOST:
                b.host_work(HOST, int(params["host_us"]) * US)
                continue
            lane = int(name in second)
            ns = int(params["kernel_us"]) * US
            spin(b, name, streams[lane], data[lane], shape, ns=ns, marker=marker)
            markers[lane].append(marker)
    with b.range("finish", category="phase"):
        for lane in (0, 1):
            bring_home(b, data[lane], streams[lane], spun(seed(shape, lane), *markers[lane]))
        for stream in dict.fromkeys(streams):
            b.stream_synchronize(stream)
    return b.build()


TECHNIQUE = Technique(
    id="five_kernels",
    title="Five kernels on two streams",
    section="Streams",
    figure="11-1",
    summary="Independent kernels in named streams run side by side, and beside the host.",
    shows=(
        "one_stream: the five kernels one after the other. two_streams: kernels of both streams "
        "resident on the same SMs at the same time, and the host's work beside them."
    ),
    bound=(
        "the longest stream: Σ of its kernels, from the launch that the host came to last; with "
        "one stream, Σ of all five"
    ),
    variants=(
        Variant("one_stream", "baseline: both chains of kernels in one stream"),
        Variant("two_streams", "each chain of kernels has a non-blocking stream of its own"),
    ),
    parameters=(
        Parameter(
            "order",
            "listing",
            "who runs where: ker_1, ker_B, ker_3 | ker_A, ker_2 (listing), or "
            "ker_1..3 | ker_A, ker_B (figure)",
            choices=tuple(SECOND),
        ),
        microseconds("kernel_us", 400, "duration of each kernel"),
        microseconds("host_us", 150, "the host's work, each time", minimum=0),
        GRID,
        BLOCK,
    ),
    builder=build,
    claims=(1,),
)
