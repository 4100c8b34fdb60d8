"""A small pool of host buffers: who notices that a result was used, so that its buffer is free.

A kernel makes a result, a copy brings it into a buffer of the pool, the host uses it; only then may
the buffer take the next result. The host's thread can wait for the copy (``synchronize``), keep
asking (``poll``), or leave the use to a function in the stream (``host_func``), and go on at once.
That function keeps its stream until it returns. Put into a stream of its own behind an event
(``side_stream``) it keeps nothing but the next copy into the same buffer.

Defaults on an H200, two buffers and a stream for each: of a round of 2 × (600 µs kernel, 4 µs copy,
200 µs use) the waiting host makes 600 + 2 × 200 µs at most, in each stream after the other. A host
function starts about 50 µs after the copy and the next kernel 50 µs after its end, so a round of
``host_func`` takes 600 + 100 + 200 µs; in ``side_stream`` the kernels follow each other: 600 µs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from timeline.program import Buffer, Builder, Event, Param, Program, Stream
from timeline.techniques.scaffold import (
    BLOCK,
    GRID,
    US,
    geometry,
    microseconds,
    program_builder,
    seed,
    seeded,
)
from timeline.techniques.spin import Geometry, spin, spun
from timeline.techniques.technique import Parameter, Technique, Variant

__all__ = ["TECHNIQUE"]

USE = "use the result"


@dataclass(slots=True)
class Slot:
    """A buffer of the pool, with the stream that fills it.

    Attributes
    ----------
    copied, freed : Event or None
        Of the result that is in it.
    """

    index: int
    stream: Stream
    data: Buffer
    home: Buffer
    markers: list[int] = field(default_factory=list)
    copied: Event | None = None
    freed: Event | None = None


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Batches dealt to the pool's buffers in turn; the variants differ in who frees a buffer."""
    b = program_builder("host_callback", variant, params)
    shape = geometry(params)
    pool = [_slot(b, index, shape) for index in range(int(params["slots"]))]
    issue = _Issue(b, variant, shape, params)
    with b.range("issue", category="phase"):
        for batch in range(int(params["batches"])):
            with b.range(f"batch {batch}", category="batch"):
                issue.batch(pool[batch % len(pool)], batch)
    with b.range("finish", category="phase"):
        for slot in pool:
            issue.finish(slot)
        b.device_synchronize()
    return b.build()


def _slot(b: Builder, index: int, shape: Geometry) -> Slot:
    name = f"slot {index + 1}"
    data = seeded(b, f"data {index + 1}", shape, index)
    return Slot(index, b.stream(name), data, b.host(name, shape.bytes, pinned=True))


class _Issue:
    """Issues one batch after the other, in the way of a variant."""

    def __init__(
        self, b: Builder, variant: str, shape: Geometry, params: Mapping[str, Param]
    ) -> None:
        self._b, self._variant, self._shape = b, variant, shape
        self._kernel_ns = int(params["kernel_us"]) * US
        self._use_ns = int(params["use_us"]) * US
        self._side = b.stream("callbacks") if variant == "side_stream" else None

    def batch(self, slot: Slot, number: int) -> None:
        """Make a result and bring it into a buffer that is free by then."""
        b, stream = self._b, slot.stream
        if self._waits:
            self._recycle(slot)
        ns, marker = self._kernel_ns, number
        spin(b, f"ker_{slot.index + 1}", stream, slot.data, self._shape, ns=ns, marker=marker)
        slot.markers.append(marker)
        if slot.freed is not None:
            b.wait(stream, slot.freed)
        b.memcpy(slot.home, slot.data, stream)
        if self._variant == "host_func":
            self._call_back(stream, slot)
            return
        slot.copied = b.event(f"copied {number}")
        b.record(slot.copied, stream)
        if self._side is not None:
            b.wait(self._side, slot.copied)
            self._call_back(self._side, slot)
            slot.freed = b.event(f"freed {number}")
            b.record(slot.freed, self._side)

    def finish(self, slot: Slot) -> None:
        """Use the last result, if there was one, and state what it must be."""
        if not slot.markers:
            return
        if self._waits:
            self._recycle(slot)
        answer = spun(seed(self._shape, slot.index), *slot.markers)
        self._b.expect(slot.home, lambda: answer)

    @property
    def _waits(self) -> bool:
        return self._variant in ("synchronize", "poll")

    def _recycle(self, slot: Slot) -> None:
        """On the host's thread: wait for the result in the buffer, and use it."""
        if slot.copied is None:
            return
        with self._b.range("wait for the result", category="host_wait"):
            if self._variant == "poll":
                self._b.event_query(slot.copied)
            else:
                self._b.event_synchronize(slot.copied)
        self._b.host_work(USE, self._use_ns, inputs=[slot.home])

    def _call_back(self, stream: Stream, slot: Slot) -> None:
        body = [self._b.host_body(USE, self._use_ns, inputs=[slot.home])]
        self._b.host_func(USE, stream, body)


TECHNIQUE = Technique(
    id="host_callback",
    title="Host functions in a stream",
    section="Synchronization",
    figure="",
    summary="cudaLaunchHostFunc lets the host's part of the work run in stream order, so that no "
    "thread waits for the device; the function keeps its stream until it returns.",
    shows=(
        "synchronize and poll: the host waits most of the time it issues. host_func: it never "
        "waits; each function runs after its stream's copy, and the stream's next kernel after "
        "the function, while the other stream goes on. side_stream: kernels follow each other, "
        "the functions beside them."
    ),
    bound=(
        "batches / slots × (kernel + copy + use) in host_func; Σ of a slot's kernels + copy + use "
        "in side_stream"
    ),
    variants=(
        Variant("synchronize", "baseline: cudaEventSynchronize, then the host uses the result"),
        Variant("poll", "cudaEventQuery until the copy is done instead"),
        Variant("host_func", "cudaLaunchHostFunc behind the copy instead"),
        Variant("side_stream", "host_func in a stream of its own, behind an event"),
    ),
    parameters=(
        Parameter("batches", 8, "results, dealt to the buffers in turn", minimum=1, maximum=256),
        Parameter("slots", 2, "buffers of the pool, each with a stream", minimum=1, maximum=16),
        microseconds("kernel_us", 600, "duration of the kernel that makes a result"),
        microseconds("use_us", 200, "what the host does with a result"),
        GRID,
        BLOCK,
    ),
    builder=build,
    claims=(13,),
)
