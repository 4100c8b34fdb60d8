"""A PyTorch DataLoader with pageable and with pinned memory, and a copy stream on top.

On a GPU the script ``timeline.live.torch_dataloader`` runs; why, says :mod:`.live`. The Program
makes the same copies from the same kind of memory, as many kernels, and the host's copy into pinned
memory, which ``pin_memory=True`` costs without worker processes. A layer is a product with a
1024 x 1024 matrix in float32; the Program's kernel does as many FMAs as that takes time, at 0.80 of
the SMs' rate (cuBLAS on an H100: 173 µs).

For B = 6 batches of 16 MiB on an H200: a layer takes 8.6 GFLOP / (0.80 · 63 TFLOP/s) = 171 µs, 16
of them T = 2.7 ms; a pageable copy 1.9 ms, during which no kernel is enqueued; a pinned one 0.3 ms.
The host's copy into pinned memory takes 1.7 ms, less than the kernels.

    pageable   B (T + 1.9 ms) = 27 ms
    pinned     B (T + 0.3 ms) = 17 ms
    prefetch   B T + 0.3 ms   = 16 ms

In ``pinned`` copy and kernels share a stream, so the engines never overlap, but the host runs
ahead; in ``prefetch`` 5 of 6 copies are hidden: 0.83.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from timeline.program import Buffer, Builder, Event, Param, Program, Stream
from timeline.techniques.checksum import expect_checksums
from timeline.techniques.host_arrays import MIB, Float32, ramp
from timeline.techniques.layers import layer, through_layers
from timeline.techniques.live import Live
from timeline.techniques.scaffold import program_builder
from timeline.techniques.technique import Parameter, Technique, Variant

__all__ = ["TECHNIQUE"]

WIDTH = 1024
SGEMM_SHARE = 0.80  # of the FMA rate: cuBLAS takes 173 µs on an H100
ITERS = round(WIDTH / SGEMM_SHARE)
PIN_GBPS = 10.0  # of one host thread's copy; assumed
SLOTS = 2


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Batches through layers; ``variant`` says what memory they come from, and in which stream."""
    b = program_builder("torch_dataloader", variant, params)
    nbytes, batches = int(params["batch_mib"]) * MIB, int(params["batches"])
    layers = int(params["layers"])
    compute = b.stream("compute")
    copies = b.stream("copies") if variant == "prefetch" else compute
    loop = Loop(b, compute, copies, nbytes, layers)
    pinned = variant != "pageable"
    sources = [
        b.host(f"batch {i}", nbytes, pinned=pinned, fill=partial(ramp, nbytes // 4, 64 * i))
        for i in range(batches)
    ]
    results = b.device("results", batches * nbytes)
    ahead = int(variant == "prefetch")
    with b.range("pipeline", category="phase"):
        for index in range(batches + ahead):
            if index < batches:
                if pinned:
                    b.host_work("pin memory", round(nbytes / PIN_GBPS))
                loop.copy(index, sources[index])
            if index >= ahead:
                with b.range("batch", category="batch"):
                    loop.train(index - ahead, results)
    with b.range("finish", category="phase"):
        answers = [partial(_answer, nbytes, layers, index) for index in range(batches)]
        expect_checksums(b, results, compute, answers)
        b.device_synchronize()
    return b.build()


class Loop:
    """Memory on the device for two batches, and the order in which it is used."""

    def __init__(
        self, b: Builder, compute: Stream, copies: Stream, nbytes: int, layers: int
    ) -> None:
        self._b, self._compute, self._copies = b, compute, copies
        self._nbytes, self._layers = nbytes, layers
        self._batch = [b.device(f"slot {slot}", nbytes) for slot in range(SLOTS)]
        self._hidden = [b.device(f"hidden {half}", nbytes) for half in range(2)]
        self._arrived = [b.event(f"arrived {slot}") for slot in range(SLOTS)]
        self._used = [b.event(f"used {slot}") for slot in range(SLOTS)]

    def copy(self, index: int, source: Buffer) -> None:
        """Copy a batch to its slot; in a stream of its own, once the slot is free."""
        slot = index % SLOTS
        if index >= SLOTS:
            self._order(self._copies, self._used[slot])
        self._b.memcpy(self._batch[slot], source, self._copies)
        self._record(self._arrived[slot], self._copies)

    def train(self, index: int, results: Buffer) -> None:
        """All layers, and the sum."""
        slot, b = index % SLOTS, self._b
        self._order(self._compute, self._arrived[slot])
        source = self._batch[slot]
        for step in range(self._layers):
            target = self._hidden[step % 2]
            layer(b, "matmul", step, self._compute, target, source, ITERS)
            if not step:
                self._record(self._used[slot], self._compute)
            source = target
        part = results.span(index * self._nbytes, self._nbytes)
        layer(b, "add", 0, self._compute, part, source, 1)

    def _order(self, stream: Stream, event: Event) -> None:
        if self._copies is not self._compute:
            self._b.wait(stream, event)

    def _record(self, event: Event, stream: Stream) -> None:
        if self._copies is not self._compute:
            self._b.record(event, stream)


def _answer(nbytes: int, layers: int, index: int) -> Float32:
    """What is left of a batch."""
    through = through_layers(ramp(nbytes // 4, 64 * index), range(layers), ITERS)
    return through_layers(through, [0], 1)


TECHNIQUE = Technique(
    id="torch_dataloader",
    title="A DataLoader's memory",
    section="PyTorch",
    figure="",
    summary="A batch in pageable memory holds the host until it is copied; in pinned memory the "
    "host goes on, and a stream of its own lets the copy run beside the last batch's kernels.",
    shows=(
        "pageable: the host in cudaMemcpyAsync, the SMs idle meanwhile. pinned: the host goes on; "
        "copy and kernels take turns in one stream. prefetch: copies beside kernels."
    ),
    bound="max(Σ kernels, Σ copies), which pageable and pinned miss: they take the sum",
    variants=(
        Variant("pageable", "baseline: DataLoader(pin_memory=False), copies with non_blocking"),
        Variant("pinned", "DataLoader(pin_memory=True)"),
        Variant("prefetch", "pinned, and the next batch is copied in a stream of its own"),
    ),
    parameters=(
        Parameter("batches", 6, "batches", minimum=1, maximum=256),
        Parameter("batch_mib", 16, "length of a batch, MiB", minimum=1, maximum=256),
        Parameter("layers", 16, "products with a 1024 x 1024 matrix", minimum=1, maximum=256),
    ),
    builder=build,
    claims=(2, 3),
    live=Live("torch_dataloader", ("torch",), "torch"),
)
