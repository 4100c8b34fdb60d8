"""A producer and a consumer in two streams, ordered by the host or by an event on the device.

A third stream has work that neither needs. Who waits for it, and what the host does meanwhile, is
what the variants differ in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from timeline.program import Buffer, Builder, Param, Program, Stream
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
from timeline.techniques.spin import Geometry, spin, spun
from timeline.techniques.technique import Parameter, Technique, Variant

__all__ = ["TECHNIQUE"]

PRODUCE, CONSUME = 101, 202
"""Markers of the two kernels."""


@dataclass(frozen=True, slots=True)
class Streams:
    """The three streams."""

    producer: Stream
    consumer: Stream
    independent: Stream


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Rounds of: independent work, produce, order, consume. Each round has data of its own."""
    b = program_builder("event_wait", variant, params)
    shape = geometry(params)
    streams = Streams(b.stream("producer"), b.stream("consumer"), b.stream("independent"))
    rounds, other = int(params["rounds"]), seeded(b, "other data", shape)
    consumed: list[Buffer] = []
    with b.range("issue", category="phase"):
        for index in range(rounds):
            with b.range(f"round {index}", category="batch"):
                ns = int(params["independent_us"]) * US
                spin(b, "independent", streams.independent, other, shape, ns=ns, marker=index)
                consumed.append(_round(b, variant, index, streams, shape, params))
    with b.range("finish", category="phase"):
        for index, result in enumerate(consumed, 1):
            bring_home(b, result, streams.consumer, spun(seed(shape, index), PRODUCE, CONSUME))
        bring_home(b, other, streams.independent, spun(seed(shape), *range(rounds)))
        b.device_synchronize()
    return b.build()


def _round(
    b: Builder,
    variant: str,
    index: int,
    streams: Streams,
    shape: Geometry,
    params: Mapping[str, Param],
) -> Buffer:
    """Produce, order, consume; returns what the consumer wrote."""
    source = seeded(b, f"input {index}", shape, index + 1)
    middle, result = b.device(f"middle {index}", shape.bytes), b.device(f"out {index}", shape.bytes)
    ns = int(params["producer_us"]) * US
    spin(b, "producer", streams.producer, middle, shape, ns=ns, marker=PRODUCE, source=source)
    _order(b, variant, index, streams)
    ns = int(params["consumer_us"]) * US
    spin(b, "consumer", streams.consumer, result, shape, ns=ns, marker=CONSUME, source=middle)
    return result


def _order(b: Builder, variant: str, index: int, streams: Streams) -> None:
    """Make the consumer come after the producer."""
    if variant == "device_synchronize":
        b.device_synchronize()
    elif variant == "stream_synchronize":
        b.stream_synchronize(streams.producer)
    else:
        produced = b.event(f"produced {index}")
        b.record(produced, streams.producer)
        b.wait(streams.consumer, produced)


TECHNIQUE = Technique(
    id="event_wait",
    title="Events instead of synchronisation",
    section="Synchronization",
    figure="11-5, 11-6",
    summary="An event recorded in one stream and waited for in another orders the two on the "
    "device; the host goes on, and no other stream waits.",
    shows=(
        "device_synchronize: the consumer waits for unrelated work, the host for everything. "
        "stream_synchronize: the host waits for the producer, and each consumer starts a host's "
        "reaction late. event: the consumer starts right after its producer, the host never waits."
    ),
    bound=(
        "max(Σ independent, Σ producers + consumer); device_synchronize: Σ over rounds of "
        "max(independent, producer) + consumer"
    ),
    variants=(
        Variant("device_synchronize", "baseline: cudaDeviceSynchronize before each consumer"),
        Variant("stream_synchronize", "cudaStreamSynchronize of the producer's stream instead"),
        Variant("event", "cudaEventRecord and cudaStreamWaitEvent instead"),
    ),
    parameters=(
        Parameter("rounds", 4, "pairs of producer and consumer", minimum=1, maximum=64),
        microseconds("producer_us", 200, "duration of the producer"),
        microseconds("consumer_us", 150, "duration of the consumer"),
        microseconds("independent_us", 400, "duration of the independent kernel of each round"),
        GRID,
        BLOCK,
    ),
    builder=build,
    claims=(12,),
)
