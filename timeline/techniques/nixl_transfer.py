"""Blocks of memory from one GPU to another: by peer copies, and by NIXL.

On a GPU the script ``timeline.live.nixl_transfer`` runs; why, says :mod:`.live`. A peer copy is one
more operation in a stream, and events order it on the devices. NIXL moves memory between agents
(within a process, between processes and hosts), whose transfers are in no stream: the host waits
until the block is there to be sent, posts the transfer, polls until it has arrived, and only then
enqueues who reads it. The Program does so too, with a peer copy in place of NIXL.

Both send a block while the next one is computed. On an H200 a block of 32 MiB takes 137 µs to make
(two kernels of 256 FMAs an element, 67 µs each and a gap of 1.7) and 84 µs to send at 400 GB/s
(assumed); the reader takes 67 µs. R = 12 rounds take R · 137 + 84 + 67 µs = 1.8 ms by peer copies,
and 0.1 ms of checksums; by NIXL they are longer by what posting and polling takes, if that is not
hidden beside the next block's kernels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from timeline.program import Buffer, Builder, Event, Param, Program, Stream
from timeline.techniques.checksum import expect_checksums
from timeline.techniques.host_arrays import MIB, Float32, ramp
from timeline.techniques.layers import layer, through_layers
from timeline.techniques.live import Live
from timeline.techniques.scaffold import program_builder
from timeline.techniques.technique import Parameter, Technique, Variant

__all__ = ["TECHNIQUE"]

SLOTS = 2
STEP_BYTES = 256
"""Round r reads its input from r steps on, so that no two blocks hold the same."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Memory for every other block on both devices, and the events about it."""

    half: Buffer
    here: Buffer
    there: Buffer
    produced: Event
    sent: Event
    consumed: Event


@dataclass(frozen=True, slots=True)
class Rounds:
    """The streams, the slots, and what a round does with them."""

    b: Builder
    producer: Stream
    link: Stream
    consumer: Stream
    slots: tuple[Slot, ...]
    source: Buffer
    results: Buffer
    nbytes: int
    iters: int

    def produce(self, index: int) -> None:
        """Two kernels that make a block."""
        slot = self.slots[index % SLOTS]
        source = self.source.span(index * STEP_BYTES, self.nbytes)
        layer(self.b, "produce", 0, self.producer, slot.half, source, self.iters)
        layer(self.b, "produce", 1, self.producer, slot.here, slot.half, self.iters)
        self.b.record(slot.produced, self.producer)

    def send(self, index: int) -> None:
        """The transfer, with an event behind it."""
        slot = self.slots[index % SLOTS]
        self.b.memcpy(slot.there, slot.here, self.link)
        self.b.record(slot.sent, self.link)

    def consume(self, index: int) -> None:
        """One kernel that reads the block on the other device."""
        slot, result = (
            self.slots[index % SLOTS],
            self.results.span(index * self.nbytes, self.nbytes),
        )
        layer(self.b, "consume", 2, self.consumer, result, slot.there, self.iters)
        self.b.record(slot.consumed, self.consumer)


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Rounds of produce, send, consume; ``variant`` says who orders them."""
    b = program_builder("nixl_transfer", variant, params)
    nbytes, rounds = int(params["block_mib"]) * MIB, int(params["rounds"])
    iters = int(params["iters"])
    room = nbytes + rounds * STEP_BYTES
    work = Rounds(
        b,
        b.stream("producer"),
        b.stream("link"),
        b.stream("consumer", device=1),
        tuple(_slot(b, number, nbytes) for number in range(SLOTS)),
        b.device("input", room, fill=lambda: ramp(room // 4)),
        b.device("results", rounds * nbytes, device=1),
        nbytes,
        iters,
    )
    with b.range("pipeline", category="phase"):
        (_by_events if variant == "peer_copy" else _by_host)(work, rounds)
    with b.range("finish", category="phase"):
        answers = [partial(_answer, index, nbytes, iters) for index in range(rounds)]
        expect_checksums(b, work.results, work.consumer, answers)
        for device in (0, 1):
            b.device_synchronize(device)
    return b.build()


def _slot(b: Builder, number: int, nbytes: int) -> Slot:
    return Slot(
        b.device(f"half {number}", nbytes),
        b.device(f"here {number}", nbytes),
        b.device(f"there {number}", nbytes, device=1),
        b.event(f"produced {number}"),
        b.event(f"sent {number}"),
        b.event(f"consumed {number}", device=1),
    )


def _by_events(work: Rounds, rounds: int) -> None:
    """Everything is enqueued at once; the devices wait for each other's events."""
    for index in range(rounds):
        slot = work.slots[index % SLOTS]
        with work.b.range(f"round {index}", category="batch"):
            if index >= SLOTS:
                work.b.wait(work.producer, slot.sent)
            work.produce(index)
            work.b.wait(work.link, slot.produced)
            if index >= SLOTS:
                work.b.wait(work.link, slot.consumed)
            work.send(index)
            work.b.wait(work.consumer, slot.sent)
            work.consume(index)


def _by_host(work: Rounds, rounds: int) -> None:
    """The host waits for a block, sends it, polls until it is there, and lets it be read."""
    work.produce(0)
    for index in range(rounds):
        slot = work.slots[index % SLOTS]
        with work.b.range(f"round {index}", category="batch"):
            if index + 1 < rounds:
                work.produce(index + 1)
            work.b.event_synchronize(slot.produced)
            if index >= SLOTS:
                work.b.event_synchronize(slot.consumed)
            with work.b.range(f"transfer {index}", category="transfer"):
                work.send(index)
                work.b.event_query(slot.sent)
            work.consume(index)


def _answer(index: int, nbytes: int, iters: int) -> Float32:
    """What the consumer must leave of a round."""
    return through_layers(ramp(nbytes // 4, index * STEP_BYTES // 4), range(3), iters)


TECHNIQUE = Technique(
    id="nixl_transfer",
    title="Transfers with NIXL",
    section="Several GPUs",
    figure="",
    summary="NIXL moves blocks between agents, in one process or many; a transfer is in no stream, "
    "so the host posts it, polls it and orders it, while the GPUs compute.",
    shows=(
        "peer_copy: copies beside the producer's kernels, and a host that only enqueues. nixl: the "
        "transfer's span beside the producer's kernels too, carried by the host."
    ),
    bound="max(Σ produce, Σ transfers, Σ consume), and one transfer and one consume to drain",
    variants=(
        Variant("peer_copy", "baseline: peer copies in a stream, ordered by events"),
        Variant("nixl", "NIXL transfers, ordered by the host"),
    ),
    parameters=(
        Parameter("rounds", 12, "blocks", minimum=1, maximum=256),
        Parameter("block_mib", 32, "length of a block, MiB", minimum=1, maximum=1024),
        Parameter("iters", 256, "FMAs an element of each kernel", minimum=0, maximum=4096),
    ),
    builder=build,
    claims=(15,),
    devices=2,
    live=Live("nixl_transfer", ("nixl", "nixl_cu13", "nixl_cu12"), "nixl"),
)
