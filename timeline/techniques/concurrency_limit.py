"""Ever more small kernels in as many streams: the device holds 128 grids at once, and no more.

Each kernel is one block of 32 threads, so neither threads nor SMs run out. The kernels must last
longer than it takes to start them: the front end starts one grid in 1.05 µs, so 128 take 134 µs.
With 1,000 µs each (H200): 128 kernels take 1.13 ms and 129 take 2.0 ms, as the last one waits until
one of the others has ended.

``sweep`` starts with few and goes up, one step after the other in one recording: a step takes
1 ms + 1.05 µs a kernel up to 128 kernels, and twice that beyond. ``chunks`` cuts the same work into
ever more kernels: from 32 chunks to 128 the time falls as 1 / chunks, beyond it is level, and in
the end the front end's rate is what it takes. Between two steps a launch in the legacy default
stream is the barrier: it waits for every stream and holds every stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from timeline.program import Builder, Param, Program
from timeline.techniques.scaffold import US, microseconds, program_builder, seed, seeded
from timeline.techniques.spin import Geometry, Uint32, spin, spun
from timeline.techniques.technique import Parameter, Technique, Variant

__all__ = ["TECHNIQUE"]

ONE = Geometry(1, 32)
"""Grid and block of every kernel."""

MOST_STREAMS = 256

AT_ONCE = {"kernels_128": 128, "kernels_129": 129, "cooperative": 128}
"""Kernels of the variants with one step."""


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Steps of ``count`` kernels, dealt to as many streams; each stream has data of its own."""
    b = program_builder("concurrency_limit", variant, params)
    steps = list(_steps(variant, params))
    width = min(max(count for count, _ in steps), MOST_STREAMS)
    lanes = _Lanes(b, width, cooperative=variant == "cooperative")
    fence = _Fence(b) if len(steps) > 1 else None
    with b.range("issue", category="phase"):
        for index, (count, ns) in enumerate(steps):
            if index and fence:
                fence.launch(index)
            with b.range(f"{count} kernels", category="batch"):
                lanes.launch(count, ns)
    with b.range("finish", category="phase"):
        b.device_synchronize()
        lanes.bring_home()
        b.device_synchronize()
    return b.build()


def _steps(variant: str, params: Mapping[str, Param]) -> Iterator[tuple[int, int]]:
    """Kernels of each step, and how long each takes, ns."""
    if variant in AT_ONCE:
        yield AT_ONCE[variant], int(params["kernel_us"]) * US
    elif variant == "sweep":
        most, steps = int(params["most"]), int(params["steps"])
        for step in range(1, steps + 1):
            yield -(-most * step // steps), int(params["kernel_us"]) * US
    else:
        count = int(params["fewest_chunks"])
        for _ in range(int(params["doublings"]) + 1):
            yield count, int(params["work_us"]) * US // count
            count *= 2


class _Fence:
    """A short kernel in the legacy default stream, which all other streams are ordered with."""

    def __init__(self, b: Builder) -> None:
        self._b, self._stream, self._data = b, b.legacy_stream(), seeded(b, "fence", ONE)

    def launch(self, index: int) -> None:
        """Let what comes next start when all that came before has ended."""
        spin(self._b, "fence", self._stream, self._data, ONE, ns=US, marker=index)


class _Lanes:
    """Streams, each with a slice of one buffer, and what was launched in them."""

    def __init__(self, b: Builder, width: int, *, cooperative: bool) -> None:
        self._b, self._cooperative = b, cooperative
        self._streams = [b.stream(f"stream {i + 1}", blocking=True) for i in range(width)]
        self._seed = seed(Geometry(width, ONE.block))
        self._data = b.device("data", width * ONE.bytes, fill=lambda: self._seed)
        self._markers: list[list[int]] = [[] for _ in range(width)]

    def launch(self, count: int, ns: int) -> None:
        """``count`` kernels, dealt to the streams in turn."""
        for index in range(count):
            lane = index % len(self._streams)
            part = self._data.span(lane * ONE.bytes, ONE.bytes)
            spin(
                self._b,
                f"ker_of_{count}",
                self._streams[lane],
                part,
                ONE,
                ns=ns,
                marker=index,
                cooperative=self._cooperative,
            )
            self._markers[lane].append(index)

    def bring_home(self) -> None:
        """Bring all results home in one copy."""
        home = self._b.host("data at home", self._data.bytes, pinned=True)
        self._b.memcpy(home, self._data, self._streams[0])
        self._b.expect(home, self._answer)

    def _answer(self) -> Uint32:
        rows = self._seed.reshape(len(self._streams), ONE.block)
        return np.concatenate(
            [spun(row, *markers) for row, markers in zip(rows, self._markers, strict=True)]
        )


TECHNIQUE = Technique(
    id="concurrency_limit",
    title="How many kernels at once",
    section="Streams",
    figure="",
    summary="However many streams there are, 128 grids are resident at once; the 129th kernel "
    "waits for one to end, and smaller chunks gain nothing beyond that.",
    shows=(
        "kernels_128: all at once. kernels_129: 128 at once, and twice the time. sweep: kernels at "
        "once rise with the streams up to 128 and stay there. chunks: time falls as work is cut "
        "finer, up to 128 chunks. cooperative: cooperative launches run at once as others do."
    ),
    bound="ceil(kernels / 128) × kernel, and never less than 1.05 µs × kernels",
    variants=(
        Variant("kernels_128", "baseline: 128 kernels in 128 streams"),
        Variant("kernels_129", "one kernel and one stream more"),
        Variant("sweep", "from few kernels to many, step by step"),
        Variant("chunks", "the same work in ever more kernels, step by step"),
        Variant("cooperative", "kernels_128 with cooperative launches"),
    ),
    parameters=(
        microseconds("kernel_us", 1000, "duration of a kernel"),
        Parameter("most", 256, "kernels of the last step of sweep", minimum=1, maximum=256),
        Parameter("steps", 4, "steps of sweep", minimum=1, maximum=64),
        Parameter("work_us", 64_000, "work that chunks cuts up, µs", 1024, 1_000_000),
        Parameter("fewest_chunks", 32, "chunks of its first step", minimum=1, maximum=256),
        Parameter("doublings", 4, "steps after it, each with twice the chunks", 0, 8),
    ),
    builder=build,
    claims=(1, 9, 14),
    pair=("kernels_129", "kernels_128"),
)
