"""How fast the kernels are beside their bounds, and what their stamps cost."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.analysis.role_overlap import role_overlap
from timeline.backends.base import Backend, RunOptions
from timeline.program import Buffer, Builder, Program, Stream
from timeline.techniques.attention import Attention, attention_scores, attention_values
from timeline.techniques.layer import ELEMENTS, THREADS, layer, rounds_of
from timeline.techniques.warp_specialized import SIDE, Matrix, warp_specialized
from timeline.techniques.warp_specialized_two_pipelines import TILE, warp_specialized_two_pipelines
from timeline.trace import Trace

Row = dict[str, Any]
Fill = Callable[[Builder, Stream, list[Buffer]], None]

MIB = 1 << 20
ARRAY = 128 * MIB
"""Bytes of A, of B and of C: far more than any L2 cache."""
LAUNCHES = 6
REPEATS = 3


def speed(backend: Backend, sms: int) -> Iterator[tuple[str, Callable[[], Row]]]:
    """Experiments by name; each gives a row."""
    yield "copy within the device", partial(copy_rate, backend)
    for stages, blocks in ((1, (1, 3, 9)), (2, (1, 2, 3, 4, 6, 9)), (3, (1, 2, 4, 6))):
        for each in blocks:
            name = f"two_pipelines stages={stages} blocks an SM={each}"
            yield name, partial(memory_bound, backend, stages, each * sms)
    for stages in (1, 2):
        for iters in (0, 16, 32, 64, 128):
            name = f"two_pipelines stages={stages} grid=8 iters={iters}"
            yield name, partial(small_grid, backend, stages, iters)
    for iters in (0, 256, 2560):
        yield f"warp_specialized iters={iters}", partial(warp_tiles, backend, iters)
    for tokens in (512, 1024, 2816):
        yield f"attention tokens={tokens}", partial(attention_rate, backend, tokens)
    yield "layer of 50 us", partial(layer_time, backend)


def durations(trace: Trace, name: str) -> list[int]:
    """Of the activities of that name, ns."""
    names = trace.names("activities", "name")
    codes = [i for i, found in enumerate(names) if name in found]
    rows = np.isin(trace.column("activities", "name"), codes)
    spans = trace.column("activities", "end") - trace.column("activities", "start")
    return [int(ns) for ns in spans[rows]]


def median_ns(trace: Trace, name: str) -> float:
    """Median duration of the activities of that name; NaN without any."""
    found = durations(trace, name)
    return float(statistics.median(found)) if found else float("nan")


def run(backend: Backend, program: Program, *, stamps: bool = True) -> Trace:
    """Run without checks; the cases have done that."""
    options = RunOptions(repeat=REPEATS, warmup=1, stamps=stamps, verify=False)
    return backend.run(program, options)


def programmed(name: str, sizes: list[int], fill: Fill) -> Program:
    """A Program over device buffers of these sizes that hold random small integers."""
    b = Builder(name)
    stream = b.stream("s")
    buffers = [
        b.device(f"buffer {i}", size, fill=partial(small_integers, size // 4))
        for i, size in enumerate(sizes)
    ]
    for _ in range(LAUNCHES):
        fill(b, stream, buffers)
    b.device_synchronize()
    return b.build()


@cache
def small_integers(count: int) -> npt.NDArray[np.float32]:
    """Random ones: zeros can be faster than what real data is."""
    return np.random.default_rng(count).integers(0, 1000, count).astype(np.float32)


def copy_rate(backend: Backend) -> Row:
    """``cudaMemcpyAsync`` within the device, bytes read and written, GB/s."""

    def fill(b: Builder, stream: Stream, buffers: list[Buffer]) -> None:
        b.memcpy(buffers[1], buffers[0], stream)

    trace = run(backend, programmed("copy", [ARRAY, ARRAY], fill))
    ns = median_ns(trace, "memcpy")
    return {"ns": ns, "GBps": 2 * ARRAY / ns}


def memory_bound(backend: Backend, stages: int, grid: int) -> Row:
    """No arithmetic but the sum: the rate at which 3 x 128 MiB move, with stamps and without."""

    def fill(b: Builder, stream: Stream, buffers: list[Buffer]) -> None:
        left, right, target = buffers
        warp_specialized_two_pipelines(
            b, stream, target, left, right, grid=grid, iters=0, stages=stages
        )

    program = programmed("memory bound", [ARRAY] * 3, fill)
    plain, stamped = run(backend, program, stamps=False), run(backend, program)
    ns = median_ns(plain, "warp_specialized")
    return {
        "ns": ns,
        "GBps": 3 * ARRAY / ns,
        "stamps_cost": median_ns(stamped, "warp_specialized") / ns - 1,
        **overlaps(stamped),
    }


def overlaps(trace: Trace) -> Row:
    """Role overlaps inside the blocks, and the mean span of each role."""
    span = trace.column("stamps", "end") - trace.column("stamps", "start")
    role = trace.column("stamps", "role")
    found: Row = {
        f"{name}_ns": float(span[role == code].mean())
        for code, name in enumerate(trace.names("stamps", "role"))
        if (role == code).any()
    }
    for first, second in (("loader", "compute"), ("compute", "storer")):
        found[f"{first}+{second}"] = role_overlap(trace, first, second).ratio
    return found


def small_grid(backend: Backend, stages: int, iters: int) -> Row:
    """The technique's own shape: 8 blocks, 128 tiles each; ns a tile of a block."""
    size, grid = 1024 * TILE * 4, 8

    def fill(b: Builder, stream: Stream, buffers: list[Buffer]) -> None:
        left, right, target = buffers
        warp_specialized_two_pipelines(
            b, stream, target, left, right, grid=grid, iters=iters, stages=stages
        )

    program = programmed("small grid", [size] * 3, fill)
    plain, stamped = run(backend, program, stamps=False), run(backend, program)
    ns = median_ns(plain, "warp_specialized")
    cost = median_ns(stamped, "warp_specialized") / ns - 1
    return {"ns": ns, "ns_a_tile": ns * grid / 1024, "stamps_cost": cost, **overlaps(stamped)}


def warp_tiles(backend: Backend, iters: int) -> Row:
    """128 tiles of 128 x 128, one an SM."""
    shape = Matrix(SIDE, 128 * SIDE, 128 * SIDE)

    def fill(b: Builder, stream: Stream, buffers: list[Buffer]) -> None:
        left, right, target = buffers
        warp_specialized(b, stream, target, left, right, shape, iters=iters)

    program = programmed("tiles", [shape.bytes] * 3, fill)
    plain, stamped = run(backend, program, stamps=False), run(backend, program)
    ns = median_ns(plain, "warp_specialized")
    cost = median_ns(stamped, "warp_specialized") / ns - 1
    return {"ns": ns, "stamps_cost": cost, **overlaps(stamped)}


def attention_rate(backend: Backend, tokens: int) -> Row:
    """Both products, 512 queries and 8 heads; TFLOP/s."""
    step = Attention(512, tokens, 8)
    sizes = [512 * step.row_bytes, 2 * tokens * step.row_bytes, step.scratch_bytes]

    def fill(b: Builder, stream: Stream, buffers: list[Buffer]) -> None:
        q, kv, scores, out = buffers
        attention_scores(b, stream, scores, q, kv, step)
        attention_values(b, stream, out, scores, kv, step)

    trace = run(backend, programmed("attention", [*sizes, 512 * step.row_bytes], fill))
    times = {name: median_ns(trace, f"attention_{name}") for name in ("scores", "values")}
    rates = {f"{name}_TFLOPs": step.flops / ns / 1000 for name, ns in times.items()}
    return {**{f"{name}_ns": ns for name, ns in times.items()}, **rates}


def layer_time(backend: Backend) -> Row:
    """A layer of 64 blocks that is to take 50 us."""
    size = 4 * 64 * THREADS * ELEMENTS

    def fill(b: Builder, stream: Stream, buffers: list[Buffer]) -> None:
        source, weights, target = buffers
        layer(b, stream, target, source, weights, rounds_of(50_000))

    return {"ns": median_ns(run(backend, programmed("layer", [size] * 3, fill)), "layer")}
