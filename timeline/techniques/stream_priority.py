"""A small kernel of a communication stream, ready while a large one has all SMs: how long it waits.

The large kernel has eight waves of blocks. Of two streams with equal priority the later kernel gets
no SM before every block of the earlier one has been placed. With a higher priority its blocks take
the next places that fall free: it waits for a block to end, not for a kernel. Running blocks are
never preempted.

Defaults on an H200: 264 blocks of 1,024 threads are a wave (two an SM), each takes 50 µs, so the
large kernel takes 400 µs. The small one is ready 120 µs after that started: it waits 230 µs until
the last wave starts, or 30 until the third wave ends. The large kernel has a few blocks less than
whole waves, so that the places which the others take do not make one more wave of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from timeline.program import Builder, Param, Program, Stream
from timeline.techniques.scaffold import (
    US,
    bring_home,
    microseconds,
    program_builder,
    seed,
    seeded,
)
from timeline.techniques.spin import Geometry, spin, spin_waves, spun
from timeline.techniques.technique import Parameter, Technique, Variant

__all__ = ["TECHNIQUE"]

ONE = Geometry(1, 32)
PART = 16_384
"""Most elements that are brought home in one copy: all would take a tenth of the kernels' time."""

LEAD_US = 20
"""How long before the large kernel the other stream starts, lest it find no place itself."""


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Rounds of: a large kernel in one stream, a small one in the other."""
    b = program_builder("stream_priority", variant, params)
    high = int(params["priority"]) if variant == "high" else 0
    compute, other = b.stream("compute"), b.stream("communication", priority=high)
    rounds = range(int(params["rounds"]))
    round_ = _Round(b, compute, other, params)
    with b.range("issue", category="phase"):
        for index in rounds:
            with b.range(f"round {index}", category="batch"):
                round_.issue(index)
    with b.range("finish", category="phase"):
        round_.finish(rounds)
        b.device_synchronize()
    return b.build()


class _Round:
    """The kernels of a round and their data."""

    def __init__(
        self, b: Builder, compute: Stream, other: Stream, params: Mapping[str, Param]
    ) -> None:
        self._b, self._compute, self._other = b, compute, other
        waves, resident = int(params["waves"]), int(params["resident"])
        self._small = Geometry(int(params["small_grid"]), 256)
        blocks = max(1, waves * resident - self._small.grid)
        self._large = Geometry(blocks, int(params["block"]))
        names = ("layer", "communicate", "prepare", "ready")
        self._shapes = dict(zip(names, (self._large, self._small, ONE, ONE), strict=True))
        self._data = {
            name: seeded(b, name, shape, lane)
            for lane, (name, shape) in enumerate(self._shapes.items())
        }
        self._ns = {
            "layer": int(params["block_us"]) * US,
            "communicate": int(params["small_us"]) * US,
            "prepare": LEAD_US * US,
            "ready": (LEAD_US + int(params["ready_us"])) * US,
        }

    def issue(self, index: int) -> None:
        """Both streams start together; ``ready`` is what the small kernel waits for."""
        b = self._b
        if index:
            self._meet(index)
        self._launch("ready", self._other, index)
        self._launch("prepare", self._compute, index)
        ns, data = self._ns["layer"], self._data["layer"]
        spin_waves(b, "ker_layer", self._compute, data, self._large, ns=ns, marker=index)
        self._launch("communicate", self._other, index)

    def _launch(self, name: str, stream: Stream, index: int) -> None:
        ns, shape = self._ns[name], self._shapes[name]
        spin(self._b, name, stream, self._data[name], shape, ns=ns, marker=index)

    def _meet(self, index: int) -> None:
        """Each stream waits for the other."""
        for stream, late in ((self._compute, self._other), (self._other, self._compute)):
            done = self._b.event(f"{late.name} {index}")
            self._b.record(done, late)
            self._b.wait(stream, done)

    def finish(self, rounds: range) -> None:
        """Bring home what each kernel made; of the large one, its first blocks and its last."""
        for lane, (name, shape) in enumerate(self._shapes.items()):
            stream = self._compute if name in ("layer", "prepare") else self._other
            data, start = self._data[name], seed(shape, lane)
            part = min(PART, shape.count)
            for first in sorted({0, shape.count - part}):
                answer = spun(start[first : first + part], *rounds)
                bring_home(self._b, data.span(4 * first, 4 * part), stream, answer)


TECHNIQUE = Technique(
    id="stream_priority",
    title="Stream priorities",
    section="Streams",
    figure="",
    summary="A stream of higher priority gets the next free places on the SMs, so a small kernel "
    "need not wait until all blocks of a large one have been placed.",
    shows=(
        "equal: the small kernel starts when the large one has placed its last block. high: it "
        "starts when the next blocks end, in the middle of the large one."
    ),
    bound="rounds × (waves × block + small): priorities change who waits, not how much there is",
    variants=(
        Variant("equal", "baseline: both streams have the default priority"),
        Variant("high", "the communication stream has a higher priority"),
    ),
    parameters=(
        Parameter("rounds", 4, "rounds of a large and a small kernel", minimum=1, maximum=64),
        Parameter("waves", 8, "waves of blocks of the large kernel", minimum=2, maximum=64),
        Parameter("resident", 264, "blocks of a wave: two an SM of an H200", 1, 4096),
        Parameter("block", 1024, "threads of its block", minimum=1, maximum=1024),
        microseconds("block_us", 50, "duration of its blocks"),
        microseconds("ready_us", 120, "when the small kernel is ready, after the large one starts"),
        microseconds("small_us", 20, "duration of the small kernel"),
        Parameter("small_grid", 8, "blocks of the small kernel", minimum=1, maximum=1024),
        Parameter("priority", -5, "of the communication stream: lower goes first", -5, 0),
    ),
    builder=build,
    claims=(21,),
    pair=("equal", "high"),
)
