"""The same fork and join of kernels, launched one by one, and captured once and replayed.

A replay is a root kernel, then branches of kernels in streams of their own, each with scratch
memory in stream order, then kernels that join the branches. While the streams are captured nothing
runs: records and waits become edges between nodes, ``cudaMallocAsync`` and ``cudaFreeAsync`` become
nodes. One ``cudaGraphLaunch`` then does what 57 calls did before.

Defaults on an H200: one after the other a replay has 1 + 8 + 3 kernels of 50 µs, about 615 µs with
their gaps; a gap is about 1.6 µs between kernels of streams and 0.8 between nodes of a graph, so
the device's time may differ by 10 µs, less than 2 %. The host needs about 4.5 µs a kernel launch
and 1 µs for any other call, together 180 µs a replay; launching a graph of 44 nodes takes about 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from timeline.program import Buffer, Builder, Param, Program, Stream
from timeline.techniques.scaffold import (
    BLOCK,
    US,
    bring_home,
    geometry,
    microseconds,
    program_builder,
    seed,
    seeded,
)
from timeline.techniques.spin import Uint32, join, joined, spin, spun
from timeline.techniques.technique import Parameter, Technique, Variant

__all__ = ["TECHNIQUE"]

ROOT, BRANCH, JOIN = 1, 100, 10_000
"""First markers of the kernels; those of a branch follow each other."""


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Replays of one fork and join, each on the result of the one before."""
    b = program_builder("graph_capture", variant, params)
    fork = _Fork(b, params)
    replays = int(params["replays"])
    captured = []
    if variant == "graph":
        with b.capture("fork and join", fork.main) as captured:
            fork.issue()
    with b.range("issue", category="phase"):
        for index in range(replays):
            with b.range(f"replay {index}", category="batch"):
                if captured:
                    b.graph_launch(captured[0], fork.main)
                else:
                    fork.issue()
    with b.range("finish", category="phase"):
        bring_home(b, fork.state, fork.main, fork.answer(replays))
        b.device_synchronize()
    return b.build()


class _Fork:
    """Root, branches and joins, with the streams, events and memory that they use."""

    def __init__(self, b: Builder, params: Mapping[str, Param]) -> None:
        self._b, self._shape = b, geometry(params)
        self._ns, self._depth = int(params["kernel_us"]) * US, int(params["depth"])
        width, size = int(params["branches"]), self._shape.bytes
        self.main = b.stream("main")
        self.state = seeded(b, "state", self._shape)
        self._root = b.device("root", size)
        self._forked = b.event("forked")
        numbers = range(1, width + 1)
        self._streams = [b.stream(f"branch {n}") for n in numbers]
        self._scratch = [b.device(f"scratch {n}", size) for n in numbers]
        self._results = [b.device(f"result {n}", size) for n in numbers]
        self._sums = [b.device(f"sum {n}", size) for n in numbers[:-2]]
        self._joined = [b.event(f"joined {n}") for n in numbers]

    def issue(self) -> None:
        """Put one fork and join into the streams."""
        b = self._b
        self._spin("root", self.main, self._root, self.state, ROOT)
        b.record(self._forked, self.main)
        for index, stream in enumerate(self._streams):
            b.wait(stream, self._forked)
            self._branch(index, stream)
            b.record(self._joined[index], stream)
        for event in self._joined:
            b.wait(self.main, event)
        self._join_all([*self._sums, self.state])

    def _branch(self, index: int, stream: Stream) -> None:
        """From the root's result over scratch memory to the branch's own result."""
        b, scratch, name = self._b, self._scratch[index], f"branch_{index + 1}"
        first = BRANCH * (index + 1)
        b.malloc_async(scratch, stream)
        source: Buffer = self._root
        for step in range(self._depth - 1):
            self._spin(name, stream, scratch, source, first + step)
            source = scratch
        self._spin(name, stream, self._results[index], source, first + self._depth - 1)
        b.free_async(scratch, stream)

    def _join_all(self, targets: Sequence[Buffer]) -> None:
        left = self._results[0]
        for step, target in enumerate(targets):
            pair = (left, self._results[step + 1])
            marker = JOIN + step
            join(self._b, "join", self.main, target, pair, self._shape, ns=self._ns, marker=marker)
            left = target

    def _spin(self, name: str, stream: Stream, target: Buffer, source: Buffer, marker: int) -> None:
        ns = self._ns
        spin(self._b, name, stream, target, self._shape, ns=ns, marker=marker, source=source)

    def answer(self, replays: int) -> Uint32:
        """The known answer, replay by replay."""
        state = seed(self._shape)
        for _ in range(replays):
            root = spun(state, ROOT)
            results = [
                spun(root, *range(first, first + self._depth))
                for first in (BRANCH * (n + 1) for n in range(len(self._streams)))
            ]
            state = results[0]
            for step, other in enumerate(results[1:]):
                state = joined(state, other, JOIN + step)
        return state


TECHNIQUE = Technique(
    id="graph_capture",
    title="Captured graphs",
    section="CUDA graphs",
    figure="",
    summary="Streams captured into a graph are replayed by one call: the host's time nearly "
    "vanishes, and the device does the same in the same order.",
    shows=(
        "stream_launches: a call for each kernel, allocation, record and wait. graph: one call a "
        "replay, the same branches at once, and the same time on the device."
    ),
    bound="replays × (root + a branch's kernels + joins)",
    variants=(
        Variant("stream_launches", "baseline: every operation issued into its stream"),
        Variant("graph", "the same operations captured once, and replayed"),
    ),
    parameters=(
        Parameter("replays", 8, "times that it all runs", minimum=1, maximum=1000),
        Parameter("branches", 4, "streams between fork and join", minimum=2, maximum=32),
        Parameter("depth", 8, "kernels of a branch", minimum=1, maximum=64),
        microseconds("kernel_us", 50, "duration of a kernel"),
        Parameter("grid", 2, "blocks of each kernel", minimum=1, maximum=4096),
        BLOCK,
    ),
    builder=build,
    claims=(17,),
    pair=("stream_launches", "graph"),
)
