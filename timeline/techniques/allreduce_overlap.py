"""Gradients summed over GPUs: after the backward pass, or layer by layer beside it (figure 11-8).

Why the defaults hide 0.8 of the communication. A layer's backward kernel, 1,536 FMAs on 8 MiB,
takes K = 101 µs at 63.8 TFLOP/s; the all-reduce of its 8 MiB of gradients R = 60 µs (assumed: two
steps of 4 MiB over the link, and the protocol's latency). NCCL's blocks take a part of the SMs, so
a kernel beside it is slowed by up to a fifth, and an all-reduce still ends before the next begins.
Only the last one has none beside it. For L = 12 layers and E = 80 µs of update and checksums

    hidden communication = (L - 1) R / (L R) = 0.92
    after_backward       L K + L R + E = 2.0 ms
    per_layer            L K (1.0 to 1.2) + R + E = 1.4 to 1.6 ms

Gradients are summed in place; the update, which reads all of them, waits for an event behind the
last all-reduce. Both variants use the same streams and the same calls: only when an all-reduce is
issued differs. Devices and layers have data of their own, so that a sum over too few of them shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from timeline.program import Buffer, Builder, Event, Param, Program, Span, Stream
from timeline.techniques.checksum import expect_checksums
from timeline.techniques.host_arrays import MIB, Float32, ramp
from timeline.techniques.layers import DEVICES, layer, through_layers
from timeline.techniques.scaffold import program_builder
from timeline.techniques.technique import Parameter, Technique, Variant

__all__ = ["TECHNIQUE"]

HIGH = -5
"""CUDA takes the highest priority there is for one beyond it."""


@dataclass(frozen=True, slots=True)
class Replica:
    """One device: its streams, events and memory.

    Attributes
    ----------
    ready : tuple of Event
        The gradient of a layer has been computed.
    reduced : Event
        All gradients have been summed.
    gradients, weights : Buffer
        Of all layers, one after the other.
    """

    device: int
    compute: Stream
    communication: Stream
    ready: tuple[Event, ...]
    reduced: Event
    activations: Buffer
    gradients: Buffer
    weights: Buffer

    def gradient(self, index: int, nbytes: int) -> Span:
        """The part of a layer."""
        return self.gradients.span(index * nbytes, nbytes)


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Backward, all-reduce, update, on every device; ``variant`` says when to all-reduce."""
    b = program_builder("allreduce_overlap", variant, params)
    devices, layers = int(params["devices"]), int(params["layers"])
    nbytes, iters = int(params["gradient_mib"]) * MIB, int(params["iters"])
    replicas = [_replica(b, device, layers, nbytes) for device in range(devices)]
    order = range(layers - 1, -1, -1)
    with b.range("backward", category="phase"):
        for index in order:
            with b.range(f"layer {index}", category="batch"):
                for replica in replicas:
                    _backward(b, replica, index, nbytes, iters)
                if variant == "per_layer":
                    _all_reduce(b, replicas, index, nbytes)
    if variant == "after_backward":
        with b.range("all-reduce", category="phase"):
            for index in order:
                _all_reduce(b, replicas, index, nbytes, behind=0)
    with b.range("update", category="phase"):
        for replica in replicas:
            _update(b, replica, layers, devices, nbytes, iters)
    with b.range("finish", category="phase"):
        for device in range(devices):
            b.device_synchronize(device)
    return b.build()


def _replica(b: Builder, device: int, layers: int, nbytes: int) -> Replica:
    def buffer(name: str, size: int) -> Buffer:
        return b.device(f"{name} {device}", size, device=device)

    return Replica(
        device,
        b.stream(f"compute {device}", device=device),
        b.stream(f"communication {device}", device=device, priority=HIGH),
        tuple(b.event(f"ready {device}.{index}", device=device) for index in range(layers)),
        b.event(f"reduced {device}", device=device),
        b.device(
            f"activations {device}",
            nbytes,
            device=device,
            fill=lambda: _activations(device, nbytes),
        ),
        buffer("gradients", layers * nbytes),
        buffer("weights", layers * nbytes),
    )


def _activations(device: int, nbytes: int) -> Float32:
    return ramp(nbytes // 4, 1_000 * device)


def _backward(b: Builder, replica: Replica, index: int, nbytes: int, iters: int) -> None:
    """The gradient of a layer, and the event that says so."""
    target = replica.gradient(index, nbytes)
    layer(b, f"backward {index}", index, replica.compute, target, replica.activations, iters)
    b.record(replica.ready[index], replica.compute)


def _all_reduce(
    b: Builder,
    replicas: list[Replica],
    index: int,
    nbytes: int,
    *,
    behind: int | None = None,
) -> None:
    """Sum a layer's gradients over the devices, once layer ``behind`` (by default it) is there."""
    for replica in replicas:
        b.wait(replica.communication, replica.ready[index if behind is None else behind])
    b.all_reduce(
        [replica.gradient(index, nbytes) for replica in replicas],
        [replica.communication for replica in replicas],
    )


def _update(
    b: Builder, replica: Replica, layers: int, devices: int, nbytes: int, iters: int
) -> None:
    """One kernel over all layers, when all gradients are summed."""
    b.record(replica.reduced, replica.communication)
    b.wait(replica.compute, replica.reduced)
    layer(b, "update", 0, replica.compute, replica.weights, replica.gradients, 1)
    answers = [partial(_updated, devices, index, nbytes, iters) for index in range(layers)]
    expect_checksums(b, replica.weights, replica.compute, answers)


def _updated(devices: int, index: int, nbytes: int, iters: int) -> Float32:
    """What the update of a layer must leave: the sum over the devices, and one step of it."""
    parts = [
        through_layers(_activations(device, nbytes), [index], iters) for device in range(devices)
    ]
    total: Float32 = sum(parts[1:], parts[0])
    return through_layers(total, [0], 1)


TECHNIQUE = Technique(
    id="allreduce_overlap",
    title="All-reduce beside the backward pass",
    section="Several GPUs",
    figure="11-8",
    summary="The gradients of a layer can be summed over the GPUs while the layers before it are "
    "still being worked on: in a high-priority stream of its own, ordered by events.",
    shows=(
        "after_backward: no kernel runs beside the all-reduces. per_layer: each all-reduce runs "
        "beside the next layer's kernel, and only the last one is left over."
    ),
    bound=(
        "max(Σ backward + update, Σ all-reduces), which after_backward misses: it takes their sum; "
        "per_layer is one all-reduce longer"
    ),
    variants=(
        Variant("after_backward", "baseline: all-reduces start when the backward pass has ended"),
        Variant("per_layer", "each layer's all-reduce starts when its gradient is there"),
    ),
    parameters=(
        DEVICES,
        Parameter("layers", 12, "layers", minimum=1, maximum=64),
        Parameter("gradient_mib", 8, "gradients of a layer, MiB", minimum=1, maximum=256),
        Parameter("iters", 1536, "FMAs an element of a backward kernel", 0, 65_536),
    ),
    builder=build,
    claims=(16,),
    devices=2,
)
