"""Matrix products: bfloat16, the twin, and what the launches ask for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.program import Builder, Launch, TensorMap
from timeline.techniques.bfloat16 import from_bfloat16, to_bfloat16
from timeline.techniques.gemm import CLUSTER, TILED, WARP_SPECIALIZED, Form, Size, multiplied
from timeline.techniques.pdl_cluster_gemm import Shape, answer, operand

FORMS = (TILED, WARP_SPECIALIZED, CLUSTER, Form("gemm_cluster", tile_n=256, stages=4))


def launched(size: Size, form: Form) -> Launch:
    from timeline.techniques.gemm import product

    b = Builder("p")
    lengths = (size.m * size.k, size.n * size.k, size.m * size.n)
    left, right, target = (b.device(str(i), 2 * n) for i, n in enumerate(lengths))
    product(b, b.stream("s"), left, right, target, b.device("read", 8), size, form, wrap=8)
    (op,) = (op for op in b.build().ops() if isinstance(op, Launch))
    return op


@settings(max_examples=200, deadline=None)
@given(st.floats(width=32, min_value=-(2.0**120), max_value=2.0**120))
def test_bfloat16_rounds_to_the_nearest_and_ties_to_even(value: float) -> None:
    bits = int(np.float32(value).view(np.uint32))
    below, above = bits >> 16, (bits >> 16) + 1
    rest = bits & 0xFFFF
    wanted = above if rest > 0x8000 or (rest == 0x8000 and below % 2) else below
    assert int(to_bfloat16(np.array([value], np.float32))[0]) == wanted


def test_bfloat16_holds_small_integers() -> None:
    small = np.arange(-256, 257, dtype=np.float32)
    assert np.array_equal(from_bfloat16(to_bfloat16(small)), small)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 40), st.sampled_from([0, 4, 8, 64]))
def test_products_against_python_integers(m: int, n: int, k: int, wrap: int) -> None:
    left, right = operand(m, k, 3), operand(n, k, 4)
    found = multiplied(left, right, wrap)
    for i, row in enumerate(left.tolist()):
        for j, other in enumerate(right.tolist()):
            total = int(sum(a * b for a, b in zip(row, other, strict=True)))
            if wrap:
                total = (total + wrap // 2) % wrap - wrap // 2
            assert found[i, j] == total


@pytest.mark.parametrize("pairs", [1, 2, 3, 7, 8])
def test_the_answer_is_the_chain_of_products(pairs: int) -> None:
    shape = Shape(9, 24, 40)
    x, w, d = operand(9, 40, 0), operand(24, 40, 1), operand(40, 24, 2)
    for _ in range(pairs):
        x = multiplied(multiplied(x, w, 8), d, 8)
    assert np.array_equal(from_bfloat16(answer(shape, pairs)).reshape(9, 40), x)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [Size(1, 8, 8), Size(129, 264, 72), Size(2048, 1024, 1024)])
def test_every_tile_has_a_block_and_clusters_are_whole(size: Size, form: Form) -> None:
    op = launched(size, form)
    blocks = op.grid[0]
    assert blocks % form.cluster == 0
    assert blocks >= -(-size.m // 128) * -(-size.n // form.tile_n)
    assert op.kernel.needs[-1:] == (("wgmma",) if form.uses_tma else ("bfloat16",))


def test_boxes_are_what_a_block_asks_for() -> None:
    size = Size(256, 256, 200)
    for form in FORMS:
        op = launched(size, form)
        boxes = [a.box_bytes for a in op.args if isinstance(a, TensorMap)]
        asked = op.grid[0] * -(-size.k // 64) * (sum(boxes) or 2 * 128 * 64 * 2)
        assert form.bytes_read(size) == asked


def test_a_cluster_asks_for_three_quarters_of_the_bytes() -> None:
    size = Size(512, 512, 512)
    assert CLUSTER.bytes_read(size) * 4 == WARP_SPECIALIZED.bytes_read(size) * 3


def test_two_blocks_fit_on_an_sm() -> None:
    for form in (WARP_SPECIALIZED, CLUSTER):
        assert 2 * (form.dynamic_shared_bytes + 1024) <= 228 * 1024
        assert 2 * form.threads * form.kernel().registers <= 65536


def test_where_there_is_no_wgmma_the_portable_form_runs_to_the_same_effect() -> None:
    op = launched(Size(256, 256, 200), CLUSTER)
    assert op.instead is not None
    assert op.instead.kernel.entry == "gemm_tiled"
    assert (op.instead.inputs, op.instead.outputs) == (op.inputs, op.outputs)
