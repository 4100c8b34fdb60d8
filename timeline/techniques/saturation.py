"""Two kernels that want the same thing, one after the other and at once; and two that do not.

Each kernel has one block an SM, so that two of them fit, and is at the limit of one resource by
itself: ``copy`` of the device memory's bandwidth, ``compute`` of the SMs' FP32 units. At once, two
alike take as long together as one after the other: the SMs of an H100 even serve the one that came
first, and the other stands still. So does a ``copy`` beside a ``compute`` there, since the warps of
``compute`` never wait, and a scheduler stays with a warp that can go on. A ``copy`` beside a
``latency`` kernel, whose warps wait for each of their results, is hidden.

Defaults on an H200: ``copy`` reads and writes 64 MiB 32 times, 4.3 GB at 3.98 TB/s, which is
1.08 ms; ``compute`` does 252,000 dependent FMAs on each of 1,024 elements a block, 516 MFLOP at
483 GFLOP/s an SM, which is 1.07 ms; ``latency`` does half as many, one in four cycles. There are
two of each lane (``rounds``), so two lanes alike should take 4.3 ms alone as together, and copy
beside latency 2.2 ms instead of 4.3 ms.

What comes home and is checked of a copy are its first 1.1 MiB, in which every thread of the grid
has a turn, and its end: all of it would take longer than the kernels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from timeline.program import Buffer, Builder, Param, Program, Stream
from timeline.techniques.elementwise import BLOCK_ELEMENTS, elementwise, elementwise_kernel
from timeline.techniques.host_arrays import MIB, ramp
from timeline.techniques.scaffold import program_builder
from timeline.techniques.spin import Uint32
from timeline.techniques.stream_copy import copied, stream_copy
from timeline.techniques.technique import Parameter, Technique, Variant

__all__ = ["TECHNIQUE"]

HEAD_BYTES, TAIL_BYTES = 1152 << 10, 64 << 10
"""What is brought home of a copy's result."""

KINDS: Mapping[str, tuple[str, str]] = {
    "bandwidth": ("copy", "copy"),
    "compute": ("compute", "compute"),
    "mixed": ("copy", "latency"),
}
"""By the first word of a variant: what its two lanes do."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One of the two: its name ends with its letter."""

    letter: str
    number: int
    stream: Stream


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Rounds of a kernel of either lane; ``alone`` has both lanes in one stream."""
    b = program_builder("saturation", variant, params)
    kind, _, how = variant.partition("_")
    streams = [b.stream("stream 1")] * 2 if how == "alone" else _two(b)
    lanes = [Lane(letter, i, streams[i]) for i, letter in enumerate("ab")]
    makers: dict[str, type[_Copy] | type[_Compute]] = {
        "copy": _Copy,
        "compute": _Compute,
        "latency": _Latency,
    }
    work = [makers[what](b, lane, params) for what, lane in zip(KINDS[kind], lanes, strict=True)]
    with b.range("issue", category="phase"):
        for index in range(int(params["rounds"])):
            for lane in work:
                lane.launch(index)
    with b.range("finish", category="phase"):
        for lane in work:
            lane.bring_home()
        b.device_synchronize()
    return b.build()


def _two(b: Builder) -> list[Stream]:
    return [b.stream("stream 1"), b.stream("stream 2")]


class _Copy:
    """A lane of kernels that are bound by device memory."""

    def __init__(self, b: Builder, lane: Lane, params: Mapping[str, Param]) -> None:
        self._b, self._lane = b, lane
        nbytes = int(params["copy_mib"]) * MIB
        self._count, self._passes = nbytes // 4, int(params["passes"])
        self._grid, self._block = int(params["grid"]), int(params["copy_block"])
        self._last = int(params["rounds"]) - 1
        source = b.device(f"source {lane.letter}", nbytes, fill=lambda: self._values(0, nbytes))
        self._source, self._target = source, b.device(f"target {lane.letter}", nbytes)

    def _values(self, first: int, nbytes: int) -> Uint32:
        """Starting values of ``nbytes`` from byte ``first``: all different in a lane."""
        start = first // 4 + self._lane.number * self._count
        values = np.arange(start, start + nbytes // 4, dtype=np.uint32)
        return np.asarray(values * np.uint32(2_654_435_761), np.uint32)

    def launch(self, index: int) -> None:
        stream_copy(
            self._b,
            f"copy_{self._lane.letter}",
            self._lane.stream,
            self._target,
            self._source,
            grid=self._grid,
            block=self._block,
            passes=self._passes,
            marker=index,
        )

    def bring_home(self) -> None:
        whole = self._target.bytes
        tail = min(TAIL_BYTES, whole)
        for name, first, length in (
            ("head", 0, min(HEAD_BYTES, whole)),
            ("tail", whole - tail, tail),
        ):
            home = self._b.host(f"{self._target.name}, {name}", length, pinned=True)
            self._b.memcpy(home, self._target.span(first, length), self._lane.stream)
            self._b.expect(home, partial(self._answer, first, length))

    def _answer(self, first: int, nbytes: int) -> Uint32:
        return copied(self._values(first, nbytes), self._passes, self._last)


class _Compute:
    """A lane of kernels that are bound by arithmetic."""

    name, chains, iters_of = "compute", 4, 1

    def __init__(self, b: Builder, lane: Lane, params: Mapping[str, Param]) -> None:
        self._b, self._lane = b, lane
        self._iters = int(params["iters"]) // self.iters_of
        self._count = int(params["grid"]) * BLOCK_ELEMENTS
        start = lane.number * self._count
        self._answer = lambda: ramp(self._count, start) + np.float32(self._iters)
        name, nbytes = lane.letter, 4 * self._count
        self._source: Buffer = b.device(
            f"input {name}", nbytes, fill=lambda: ramp(self._count, start)
        )
        self._target: Buffer = b.device(f"output {name}", nbytes)

    def launch(self, index: int) -> None:
        elementwise(
            self._b,
            self._lane.stream,
            self._target,
            self._source,
            self._iters,
            kernel=elementwise_kernel(f"{self.name}_{self._lane.letter}", self.chains),
        )

    def bring_home(self) -> None:
        home = self._b.host(f"{self._target.name} at home", self._target.bytes, pinned=True)
        self._b.memcpy(home, self._target, self._lane.stream)
        self._b.expect(home, self._answer)


class _Latency(_Compute):
    """A lane of kernels that wait for each of their results: as long, with half the work."""

    name, chains, iters_of = "latency", 1, 2


TECHNIQUE = Technique(
    id="saturation",
    title="A saturated resource",
    section="Streams",
    figure="",
    summary="Kernels in two streams run at once, but where one alone is at the limit of the "
    "memory's bandwidth or of the arithmetic units, nothing is gained.",
    shows=(
        "bandwidth_together, compute_together: both kernels at once, each twice as long as in "
        "bandwidth_alone and compute_alone, the whole as long. mixed_together: a copy and a kernel "
        "that waits for its own results hide each other, and the whole takes the longer of the two."
    ),
    bound=(
        "bandwidth: Σ bytes / bandwidth; compute: Σ FLOP / rate, alone as together; mixed_alone: "
        "their sum, mixed_together: the larger"
    ),
    variants=(
        Variant("bandwidth_alone", "baseline: copies of device memory, one after the other"),
        Variant("bandwidth_together", "bandwidth_alone in two streams"),
        Variant("compute_alone", "arithmetic instead of copies, one after the other"),
        Variant("compute_together", "compute_alone in two streams"),
        Variant("mixed_alone", "a copy and waiting arithmetic by turns, one after the other"),
        Variant("mixed_together", "mixed_alone in two streams"),
    ),
    parameters=(
        Parameter("rounds", 2, "kernels of each of the two lanes", minimum=1, maximum=64),
        Parameter("copy_mib", 64, "bytes that a copy reads, and writes, MiB", 1, 4096),
        Parameter("passes", 32, "times that a copy goes over them", minimum=1, maximum=1024),
        Parameter("copy_block", 512, "threads of a copy's block", minimum=32, maximum=1024),
        Parameter("iters", 252_000, "FMAs an element of compute; latency has half", 0, 1_000_000),
        Parameter("grid", 132, "blocks of each kernel: one an SM of an H200", 1, 4096),
    ),
    builder=build,
    claims=(1, 5),
    pair=("bandwidth_alone", "bandwidth_together"),
)
