"""Host threads that launch without naming a stream: one legacy default stream, or one each.

Compiled with per-thread default streams (``--default-stream per-thread``), the same launches run at
once. A per-thread default stream is a blocking stream, so a launch that still goes to the legacy
default stream, as a library's may, is a barrier for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from timeline.program import Builder, Param, Program, Stream
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


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Every thread launches a chain of kernels; the first also calls a library in between."""
    b = program_builder("per_thread_default_stream", variant, params)
    shape = geometry(params)
    own = b.legacy_stream() if variant == "legacy" else b.per_thread_stream()
    library = _Library(b, own if variant == "per_thread" else b.legacy_stream(), shape, params)
    for index in range(int(params["threads"])):
        with b.thread(f"thread {index + 1}"):
            _thread(b, index, own, library if index == 0 else None, shape, params)
    return b.build()


class _Library:
    """A library that launches one kernel, in the stream that it was compiled for."""

    def __init__(
        self, b: Builder, stream: Stream, shape: Geometry, params: Mapping[str, Param]
    ) -> None:
        self._b, self._stream, self._shape = b, stream, shape
        self._ns, self._lane = int(params["library_us"]) * US, int(params["threads"])
        self._data = seeded(b, "library's data", shape, self._lane)

    def call(self) -> None:
        """Launch its kernel."""
        spin(self._b, "ker_library", self._stream, self._data, self._shape, ns=self._ns, marker=1)

    def finish(self) -> None:
        """Bring its result home."""
        bring_home(self._b, self._data, self._stream, spun(seed(self._shape, self._lane), 1))
        self._b.stream_synchronize(self._stream)


def _thread(
    b: Builder,
    index: int,
    own: Stream,
    library: _Library | None,
    shape: Geometry,
    params: Mapping[str, Param],
) -> None:
    """The threads meet before and after the library's launch, so that it comes in the middle."""
    kernels, ns = range(int(params["kernels"])), int(params["kernel_us"]) * US
    data = seeded(b, f"data {index + 1}", shape, index)
    with b.range("issue", category="phase"):
        for marker in kernels:
            spin(b, f"ker_{index + 1}", own, data, shape, ns=ns, marker=marker)
            if marker == 0:
                b.host_barrier("first kernels launched")
                if library:
                    library.call()
                b.host_barrier("library called")
        b.stream_synchronize(own)
    with b.range("finish", category="phase"):
        bring_home(b, data, own, spun(seed(shape, index), *kernels))
        b.stream_synchronize(own)
        if library:
            library.finish()


TECHNIQUE = Technique(
    id="per_thread_default_stream",
    title="Per-thread default streams",
    section="Default streams",
    figure="11-4",
    summary="With per-thread default streams the launches of host threads that name no stream "
    "run at once; the legacy default stream still is a barrier for them.",
    shows=(
        "legacy: one kernel at a time, whichever thread launched it. per_thread: kernels of "
        "different host threads at once. legacy_sync: the library's kernel waits for all threads' "
        "first kernels, and their next ones wait for it."
    ),
    bound=(
        "legacy: Σ of all kernels; per_thread: the longest thread's Σ; legacy_sync: kernel + "
        "library + the other kernels of a thread"
    ),
    variants=(
        Variant("legacy", "baseline: every thread launches into the legacy default stream"),
        Variant("per_thread", "every launch goes to its thread's per-thread default stream"),
        Variant("legacy_sync", "per_thread, but the library's goes to the legacy default stream"),
    ),
    parameters=(
        Parameter("threads", 4, "host threads", minimum=2, maximum=16),
        Parameter("kernels", 3, "kernels that each thread launches", minimum=2, maximum=64),
        microseconds("kernel_us", 300, "duration of the threads' kernels"),
        microseconds("library_us", 200, "duration of the library's kernel"),
        GRID,
        BLOCK,
    ),
    builder=build,
    claims=(11,),
)
