"""The layers of a network split over GPUs: activations go from one to the next by peer copies.

Why the defaults reach 0.85 of the bound with two H200s. A layer of 896 FMAs on 8 MiB keeps the SMs
busy for 59 µs at 63.8 TFLOP/s, and the next one starts 1.7 µs later, so the four layers of a stage
take T = 243 µs, of which S = 236 the SMs are busy. A peer copy of 8 MiB takes C = 23 µs at 400 GB/s
(assumed; a tenth of a stage), and about H = 10 µs pass around it. The checksums of the results at
the end take E = 50 µs. For M = 16 batches and D = 2 devices

    one_after_other  M (D T + C + H) + E              8.4 ms
    pipelined        M (T + C + H) + (D - 1) T + E    4.7 ms
    copy_stream      M T + (D - 1) (T + C + H) + E    4.2 ms
    efficiency       M S / copy_stream = 3.8 / 4.2 =  0.90

What is lost is filling and draining the pipeline: a stage for every further device. Four devices
with two layers each want more batches for the same efficiency (``devices=4 batches=32``).

Each stage has two slots of memory. A batch may be computed into a slot once the batch before last
has been copied out of it, and copied into the next device's slot once the batch before last has
been read there; events without timing say so, and the host waits for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from timeline.errors import UsageError
from timeline.program import Buffer, Builder, Event, Param, Program, Span, Stream
from timeline.techniques.checksum import expect_checksums
from timeline.techniques.host_arrays import MIB, Float32, ramp
from timeline.techniques.layers import DEVICES, layer, through_layers
from timeline.techniques.scaffold import program_builder
from timeline.techniques.technique import Parameter, Technique, Variant

__all__ = ["TECHNIQUE"]

SLOTS = 2

STEP_BYTES = 256
"""Batch m reads its input from m steps on, so that no two batches hold the same."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Memory of a stage for one batch at a time, and the events that hand it on.

    Attributes
    ----------
    inbox : Buffer or None
        Where the stage before copies to; None on the first.
    halves : tuple of Buffer
        The layers write to them in turn.
    computed, sent, read : Event
        The last layer has written; the copy has left; the first layer has read the inbox.
    """

    inbox: Buffer | None
    halves: tuple[Buffer, Buffer]
    computed: Event
    sent: Event
    read: Event


@dataclass(frozen=True, slots=True)
class Stage:
    """The layers of one device, its streams and its slots."""

    device: int
    layers: range
    compute: Stream
    copy: Stream
    slots: tuple[Slot, ...]


@dataclass
class Pipeline:
    """Issues batches stage after stage; what no copy or layer has yet used needs no wait."""

    b: Builder
    stages: Sequence[Stage]
    source: Buffer
    nbytes: int
    iters: int
    used: set[Event] = field(default_factory=set)

    def batch(self, index: int, result: Span) -> None:
        """Enqueue all layers of a batch and the copies between the devices."""
        inbox: Buffer | Span = self.source.span(index * STEP_BYTES, self.nbytes)
        for stage, following in zip(self.stages, [*self.stages[1:], None], strict=True):
            slot = stage.slots[index % SLOTS]
            last = self._layers(stage, slot, inbox, None if following else result)
            if following is not None:
                inbox = self._send(stage, slot, last, following, index)

    def _layers(
        self, stage: Stage, slot: Slot, inbox: Buffer | Span, result: Span | None
    ) -> Buffer | Span:
        """The stage's layers; returns the memory that the last one wrote."""
        self._wait(stage.compute, slot.sent)
        source = target = inbox
        for index in stage.layers:
            last = index == stage.layers[-1]
            target = result if last and result is not None else slot.halves[index % 2]
            layer(self.b, f"layer {index}", index, stage.compute, target, source, self.iters)
            if index == stage.layers[0] and slot.inbox is not None:
                self._record(slot.read, stage.compute)
            source = target
        return target

    def _send(
        self, stage: Stage, slot: Slot, source: Buffer | Span, following: Stage, index: int
    ) -> Buffer:
        """Copy to the next device, whose compute stream then waits for it."""
        there = following.slots[index % SLOTS]
        assert there.inbox is not None
        if stage.copy is not stage.compute:
            self._record(slot.computed, stage.compute)
            self._wait(stage.copy, slot.computed)
        self._wait(stage.copy, there.read)
        self.b.memcpy(there.inbox, source, stage.copy)
        self._record(slot.sent, stage.copy)
        self._wait(following.compute, slot.sent)
        return there.inbox

    def _record(self, event: Event, stream: Stream) -> None:
        self.b.record(event, stream)
        self.used.add(event)

    def _wait(self, stream: Stream, event: Event) -> None:
        if event in self.used:
            self.b.wait(stream, event)


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Batches through the stages; ``one_after_other`` lets one batch in at a time."""
    b = program_builder("p2p_pipeline", variant, params)
    devices, layers = int(params["devices"]), int(params["layers"])
    if layers < devices:
        raise UsageError(f"layers={layers}: each of {devices} devices needs at least one layer")
    nbytes, iters = int(params["activation_mib"]) * MIB, int(params["iters"])
    batches = int(params["batches"])
    stages = [
        _stage(b, device, _share(layers, devices, device), variant, nbytes)
        for device in range(devices)
    ]
    room = nbytes + batches * STEP_BYTES
    source = b.device("input", room, fill=lambda: ramp(room // 4))
    line = Pipeline(b, stages, source, nbytes, iters)
    results = b.device("results", batches * nbytes, device=devices - 1)
    left = b.event("left", device=devices - 1)
    with b.range("pipeline", category="phase"):
        for index in range(batches):
            with b.range(f"batch {index}", category="batch"):
                if index and variant == "one_after_other":
                    b.wait(stages[0].compute, left)
                line.batch(index, results.span(index * nbytes, nbytes))
                b.record(left, stages[-1].compute)
    with b.range("finish", category="phase"):
        answers = [partial(_answer, index, nbytes, layers, iters) for index in range(batches)]
        expect_checksums(b, results, stages[-1].compute, answers)
        for device in range(devices):
            b.device_synchronize(device)
    return b.build()


def _share(layers: int, devices: int, device: int) -> range:
    """The layers of a device: in order, as equal as can be, more on the first ones."""
    least, more = divmod(layers, devices)
    start = device * least + min(device, more)
    return range(start, start + least + (device < more))


def _stage(b: Builder, device: int, layers: range, variant: str, nbytes: int) -> Stage:
    compute = b.stream(f"compute {device}", device=device)
    own = variant == "copy_stream"
    copy = b.stream(f"copy {device}", device=device) if own else compute
    slots = tuple(_slot(b, device, number, nbytes) for number in range(SLOTS))
    return Stage(device, layers, compute, copy, slots)


def _slot(b: Builder, device: int, number: int, nbytes: int) -> Slot:
    place = f"{device}.{number}"
    return Slot(
        b.device(f"inbox {place}", nbytes, device=device) if device else None,
        (
            b.device(f"even {place}", nbytes, device=device),
            b.device(f"odd {place}", nbytes, device=device),
        ),
        b.event(f"computed {place}", device=device),
        b.event(f"sent {place}", device=device),
        b.event(f"read {place}", device=device),
    )


def _answer(index: int, nbytes: int, layers: int, iters: int) -> Float32:
    """What the last layer must leave of a batch."""
    return through_layers(ramp(nbytes // 4, index * STEP_BYTES // 4), range(layers), iters)


TECHNIQUE = Technique(
    id="p2p_pipeline",
    title="A pipeline over GPUs",
    section="Several GPUs",
    figure="",
    summary="Layers split over GPUs work on different batches at once; activations travel by peer "
    "copies in a stream of their own, ordered by events.",
    shows=(
        "one_after_other: one GPU at a time. pipelined: both compute at once, but the first one "
        "stands still while it copies. copy_stream: kernels on both sides of every copy while it "
        "runs: SM(A) ‖ P2P ‖ SM(B)."
    ),
    bound="the busiest engine of any device, with M batches: M · Σ layers of a stage; the pipeline "
    "also fills: + (D − 1) · (stage + copy)",
    variants=(
        Variant("one_after_other", "baseline: a batch enters when the last one has left"),
        Variant("pipelined", "the next batch enters at once; copies in the compute stream"),
        Variant("copy_stream", "pipelined, with the peer copies in a stream of their own"),
    ),
    parameters=(
        DEVICES,
        Parameter("layers", 8, "layers, split over the devices", minimum=2, maximum=64),
        Parameter("batches", 16, "batches", minimum=1, maximum=256),
        Parameter("activation_mib", 8, "what a layer hands on, MiB", minimum=1, maximum=1024),
        Parameter("iters", 896, "FMAs an element of a layer", minimum=0, maximum=4096),
    ),
    builder=build,
    claims=(15,),
    devices=2,
)
