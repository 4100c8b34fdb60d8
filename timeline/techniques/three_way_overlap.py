"""H2D copies, kernels and D2H copies of a chunked array, one after the other and all at once.

Why the defaults reach 0.95 of the bound on an H200. A chunk of 4 MiB takes about 88 µs to copy
while copies run both ways beside kernels, and 2,816 FMAs an element keep the SMs busy for about
101 µs. The kernels are the longest on purpose: kernels of different streams follow each other
without a gap, as the next one's blocks move in where the last one's leave, while between two copies
of different streams on one engine 3 to 5 µs passed in recordings (with 2,560 FMAs, where the three
were equal, those gaps left 0.91 of the bound). What is left to lose is filling and draining the
pipeline, the first copy in and the last copy out. For C = 64 chunks:

    efficiency = C K / (H2D + C K + D2H + 10 µs) = 6.5 ms / 6.7 ms = 0.97

Of the copies only those two are not hidden, so 0.97 of their time is. Half the chunks lose another
0.03.

A stream's device memory holds one chunk, so a chunk can be copied in once the one ``streams``
before it has been copied out: with three streams that is just in time, with four there is a chunk's
time to spare for the gaps between copies and kernels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from timeline.program import Buffer, Builder, Param, Program, Span, Stream
from timeline.techniques.elementwise import elementwise
from timeline.techniques.host_arrays import MIB, host_pair
from timeline.techniques.scaffold import program_builder
from timeline.techniques.technique import Parameter, Technique, Variant

__all__ = ["TECHNIQUE"]

ALIGNMENT_BYTES = 256


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk: its stream, its places on the host, and the device memory it uses."""

    index: int
    stream: Stream
    source: Span
    inside: Span
    outside: Span
    target: Span


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Chunks dealt to the streams in turn; ``serial`` has one stream."""
    b = program_builder("three_way_overlap", variant, params)
    chunks, iters = _chunks(b, variant, params), int(params["iters"])
    group = int(params["streams"]) if variant == "breadth_first" else 1
    with b.range("pipeline", category="phase"):
        for first in range(0, len(chunks), group):
            _issue(b, chunks[first : first + group], iters)
    with b.range("finish", category="phase"):
        b.device_synchronize()
    return b.build()


def _issue(b: Builder, chunks: Sequence[Chunk], iters: int) -> None:
    """All copies in, then all kernels, then all copies out; depth-first is a group of one."""
    last = f"..{chunks[-1].index}" if len(chunks) > 1 else ""
    with b.range(f"chunk {chunks[0].index}{last}", category="batch"):
        for c in chunks:
            b.memcpy(c.inside, c.source, c.stream)
        for c in chunks:
            elementwise(b, c.stream, c.outside, c.inside, iters)
        for c in chunks:
            b.memcpy(c.target, c.outside, c.stream)


def _chunks(b: Builder, variant: str, params: Mapping[str, Param]) -> list[Chunk]:
    total = int(params["total_mib"]) * MIB
    source, target = host_pair(b, "", total, int(params["iters"]), pinned=True)
    width = 1 if variant == "serial" else int(params["streams"])
    size = _chunk_bytes(total, int(params["chunks"]))
    slots = [_slot(b, index, size) for index in range(width)]
    return list(_cut(source, target, slots, size))


def _chunk_bytes(total: int, chunks: int) -> int:
    return -(-total // (chunks * ALIGNMENT_BYTES)) * ALIGNMENT_BYTES


def _slot(b: Builder, index: int, size: int) -> tuple[Stream, Buffer, Buffer]:
    """A stream and the device memory that its chunks use one after the other."""
    number = index + 1
    stream = b.stream(f"stream {number}")
    return stream, b.device(f"in {number}", size), b.device(f"out {number}", size)


def _cut(
    source: Buffer, target: Buffer, slots: Sequence[tuple[Stream, Buffer, Buffer]], size: int
) -> Iterator[Chunk]:
    for index, offset in enumerate(range(0, source.bytes, size)):
        length = min(size, source.bytes - offset)
        stream, inside, outside = slots[index % len(slots)]
        yield Chunk(
            index,
            stream,
            source.span(offset, length),
            inside.span(0, length),
            outside.span(0, length),
            target.span(offset, length),
        )


TECHNIQUE = Technique(
    id="three_way_overlap",
    title="Three-way overlap",
    section="Streams",
    figure="11-2",
    summary="Copies in, kernels and copies out use three engines, so chunks in several streams "
    "keep all three busy at once.",
    shows=(
        "serial: one engine at a time. depth_first and breadth_first: H2D, SM and D2H busy at "
        "once from the second chunk to the last but one, and the whole as long as the longest of "
        "the three."
    ),
    bound="max(|B(H2D)|, |B(SM)|, |B(D2H)|), which serial misses: it takes their sum",
    variants=(
        Variant("serial", "baseline: every chunk in one stream"),
        Variant("depth_first", "several streams; each chunk's copy in, kernel, copy out in turn"),
        Variant("breadth_first", "depth_first issued in groups: all copies in, all kernels, ..."),
    ),
    parameters=(
        Parameter("total_mib", 256, "length of the array, MiB", minimum=1, maximum=4096),
        Parameter("chunks", 64, "chunks it is cut into", minimum=1, maximum=1024),
        Parameter("streams", 4, "streams, each with device memory for one chunk", 1, 32),
        Parameter("iters", 2816, "FMAs an element: the kernel's intensity", 0, 1_000_000),
    ),
    builder=build,
    claims=(3, 4),
)
