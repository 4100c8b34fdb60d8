"""One stray launch in the legacy default stream, between the kernels of two named streams.

The legacy default stream waits for all work in blocking streams, and blocking streams wait for
it: the stray kernel is a barrier through both. Streams made with ``cudaStreamNonBlocking`` take no
part in it.
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


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """A slow and a fast chain of kernels, with a stray kernel issued after the first of each."""
    b = program_builder("default_stream_barrier", variant, params)
    shape, rounds = geometry(params), int(params["kernels"])
    blocking = variant != "non_blocking"
    slow, fast = b.stream("slow", blocking=blocking), b.stream("fast", blocking=blocking)
    named = variant == "named_streams"
    stray = b.stream("stray", blocking=True) if named else b.legacy_stream()
    data = [seeded(b, name, shape, lane) for lane, name in enumerate(("slow", "fast", "stray"))]
    with b.range("issue", category="phase"):
        for index in range(rounds):
            for lane, stream in enumerate((slow, fast)):
                ns = int(params[f"{stream.name}_us"]) * US
                spin(b, f"ker_{stream.name}", stream, data[lane], shape, ns=ns, marker=index)
            if index == 0:
                ns = int(params["stray_us"]) * US
                spin(b, "ker_stray", stray, data[2], shape, ns=ns, marker=index)
    with b.range("finish", category="phase"):
        for lane, stream in enumerate((slow, fast, stray)):
            markers = range(rounds if lane < 2 else 1)
            bring_home(b, data[lane], stream, spun(seed(shape, lane), *markers))
        b.device_synchronize()
    return b.build()


TECHNIQUE = Technique(
    id="default_stream_barrier",
    title="The legacy default stream as a barrier",
    section="Default streams",
    figure="",
    summary="A launch without a stream goes to the legacy default stream, which waits for every "
    "blocking stream and holds every blocking stream.",
    shows=(
        "named_streams: three streams side by side. stray_legacy: the stray kernel starts when "
        "both streams' first kernels have ended, and their next ones start when it has ended. "
        "non_blocking: as named_streams."
    ),
    bound=(
        "max over streams of Σ of its kernels; stray_legacy: longest first kernel + stray + "
        "longest rest of a stream"
    ),
    variants=(
        Variant("named_streams", "baseline: the stray kernel in a blocking stream of its own"),
        Variant("stray_legacy", "the stray kernel in the legacy default stream"),
        Variant("non_blocking", "stray_legacy with the other two streams non-blocking"),
    ),
    parameters=(
        Parameter("kernels", 3, "kernels in each of the two streams", minimum=2, maximum=64),
        microseconds("slow_us", 400, "duration of the slow stream's kernels"),
        microseconds("fast_us", 200, "duration of the fast stream's kernels"),
        microseconds("stray_us", 100, "duration of the stray kernel"),
        GRID,
        BLOCK,
    ),
    builder=build,
    claims=(10,),
)
