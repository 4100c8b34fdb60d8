"""Warp-specialised kernels, attention and layers: twins, shapes, what their variants change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.errors import UsageError
from timeline.program import (
    EventRecord,
    Free,
    Launch,
    Malloc,
    MallocAsync,
    Memcpy,
    Pipeline,
    Program,
)
from timeline.techniques import technique
from timeline.techniques.attention import HEAD, SCORES, VALUES, attend
from timeline.techniques.layer import forward
from timeline.techniques.warp_specialized import tiles_kernel


def launches(program: Program) -> list[Launch]:
    return [op for op in program.ops() if isinstance(op, Launch)]


def pipeline(name: str, variant: str) -> Pipeline:
    found = launches(technique(name).program(variant))[0].work.pipeline
    assert found is not None
    return found


words = st.integers(0, 2**32 - 1)


@settings(max_examples=50, deadline=None)
@given(
    values=st.lists(words, min_size=1, max_size=9),
    weights=st.lists(words, min_size=9, max_size=9),
    rounds=st.integers(0, 20),
)
def test_a_layer_round_by_round(values: list[int], weights: list[int], rounds: int) -> None:
    count = len(values)
    wanted = []
    for i, value in enumerate(values):
        for _ in range(rounds):
            value = (value * weights[i] + values[(i + count // 2 + 1) % count]) % 2**32
        wanted.append(value)
    found = forward(np.array(values, np.uint32), np.array(weights[:count], np.uint32), rounds)
    assert found.tolist() == wanted


@settings(max_examples=20, deadline=None)
@given(queries=st.integers(1, 5), tokens=st.integers(1, 7), heads=st.integers(1, 3))
def test_attention_in_two_products_and_in_one(queries: int, tokens: int, heads: int) -> None:
    random = np.random.default_rng(queries + tokens)
    q = random.integers(0, 3, (queries, heads, HEAD)).astype(np.float32)
    kv = random.integers(0, 3, (tokens, 2, heads, HEAD)).astype(np.float32)
    scores, out = np.zeros((heads, queries, tokens), np.float32), np.zeros_like(q)
    sizes = (np.uint32(queries), np.uint32(tokens), np.uint32(heads))
    for kernel, first, last in ((SCORES, q, scores), (VALUES, scores, out)):
        assert kernel.emulate is not None
        memory: list[Any] = [x.reshape(-1).view(np.uint8) for x in (first, kv, last)]
        kernel.emulate([*memory, *sizes])
    assert scores[-1, 0, 0] == float(q[0, -1] @ kv[0, 0, -1])
    np.testing.assert_array_equal(out, attend(q, kv))


def test_a_matrix_leaves_the_gaps_between_its_rows() -> None:
    left, right = np.arange(10, dtype=np.float32), np.ones(10, np.float32)
    target = np.full(10, -1, np.float32)
    emulate = tiles_kernel().emulate
    assert emulate is not None
    memory: list[Any] = [x.view(np.uint8) for x in (left, right, target)]
    emulate([*memory, np.uint32(2), np.uint32(3), np.uint64(7), np.uint32(5), np.float32(1)])
    assert target.tolist() == [6, 7, 8, -1, -1, -1, -1, 13, 14, 15]


def test_sums_of_attention_stay_exact() -> None:
    limits = {p.name: p for p in technique("variable_scratch").parameters}
    most = {name: int(limits[name].maximum or 0) for name in limits}
    longest = most["tokens"] + (most["sequences"] - 1) * most["apart"]
    longest += (most["steps"] - 1) * most["grow"]
    assert longest * 2 * HEAD * 2 * 2 < 2**24


def test_two_pipelines_differ_in_the_stages_then_in_the_streams() -> None:
    row = technique("two_pipelines")
    found = {v.name: launches(row.program(v.name)) for v in row.variants}
    assert pipeline("two_pipelines", "one_stage").stages == (1, 1)
    assert pipeline("two_pipelines", "two_stages").stages == (2, 2)
    shapes = {
        name: {(op.kernel.name, op.dynamic_shared_bytes) for op in ops}
        for name, ops in found.items()
    }
    assert shapes == {
        "one_stage": {("warp_specialized_one_stage", 12_288)},
        "two_stages": {("warp_specialized_two_pipelines", 24_576)},
        "two_streams": {("warp_specialized_two_pipelines", 24_576)},
    }
    assert [len({op.stream for op in ops}) for ops in found.values()] == [1, 1, 2]


@pytest.mark.parametrize("streams", [1, 2, 3])
def test_a_batch_is_allocated_copied_computed_and_freed_in_its_stream(streams: int) -> None:
    variant = {1: "one_stream", 2: "two_streams", 3: "three_streams"}[streams]
    program = technique("multistream_warp_specialized").program(variant, tiles=1)
    assert len({op.stream for op in launches(program)}) == streams
    assert {op.dynamic_shared_bytes for op in launches(program)} == {196_608}
    names = [type(op).__name__ for op in program.ops() if "Range" not in type(op).__name__]
    batch = ["MallocAsync"] * 2 + ["Memcpy", "Launch", "Memcpy"] + ["FreeAsync"] * 2
    assert names == ["SetReleaseThreshold", *batch * 8, "DeviceSynchronize"]


def test_scratch_grows_with_the_sequence_and_is_never_kept() -> None:
    program = technique("variable_scratch").program("stream_ordered")
    sizes = [
        op.span.bytes >> 20
        for op in program.ops()
        if isinstance(op, MallocAsync) and op.span.buffer.name.startswith("scratch 0")
    ]
    assert sizes == [8, 16, 24, 32]
    assert not any(isinstance(op, Malloc | Free) for op in program.ops())
    blocking = list(technique("variable_scratch").program("blocking").ops())
    assert not any(isinstance(op, MallocAsync) for op in blocking)
    assert sum(isinstance(op, Malloc) for op in blocking) == 32
    assert sum(isinstance(op, Free) for op in blocking) == 32


def test_the_halves_of_the_layers_are_handed_over_by_an_event() -> None:
    one, two = (
        technique("layerwise_pipeline").program(v, layers=5) for v in ("one_stream", "two_streams")
    )
    assert not any(isinstance(op, EventRecord) for op in one.ops())
    assert sum(isinstance(op, EventRecord) for op in two.ops()) == 8
    dealt = [op.stream.name for op in launches(two)][:5]
    assert dealt == ["stream 1"] * 2 + ["stream 2"] * 3
    copies = [sum(isinstance(op, Memcpy) for op in p.ops()) for p in (one, two)]
    assert copies == [16, 16]


def test_a_smaller_tile_takes_less_shared_memory() -> None:
    row = technique("multistream_warp_specialized")
    (op, *_) = launches(row.program("one_stream", side=64, tiles=3))
    assert (op.dynamic_shared_bytes, op.grid, op.kernel.defines) == (
        49_152,
        (3, 1, 1),
        ("TILE_SIDE=64",),
    )
    with pytest.raises(UsageError, match="100 x 100: its side is 32, 64, 96 or 128"):
        row.program("one_stream", side=100)
