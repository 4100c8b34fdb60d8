"""The kernels' NumPy twins and known answers, against plain Python integers."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.techniques.checksum import CHECKSUM, checksums
from timeline.techniques.elementwise import ELEMENTWISE, MAX_EXACT
from timeline.techniques.host_arrays import DISTINCT, ramp
from timeline.techniques.layers import through_layers
from timeline.techniques.pdl import answer
from timeline.techniques.scaffold import seed
from timeline.techniques.spin import Geometry, spin_kernel, spun

words = st.integers(0, 2**32 - 1)


@settings(max_examples=50, deadline=None)
@given(values=st.lists(words, min_size=1, max_size=8), markers=st.lists(words, max_size=40))
def test_a_chain_of_spins(values: list[int], markers: list[int]) -> None:
    found = spun(np.array(values, np.uint32), *markers)
    wanted = values
    for marker in markers:
        wanted = [(value * 3 + marker) % 2**32 for value in wanted]
    assert found.tolist() == wanted


def test_spins_in_another_order_have_another_answer() -> None:
    start = seed(Geometry(2, 32))
    assert not np.array_equal(spun(start, 1, 2), spun(start, 2, 1))
    assert not np.array_equal(spun(start, 1), spun(start, 1, 0))


def test_a_spin_leaves_what_is_past_its_count() -> None:
    source, target = np.arange(4, dtype=np.uint32), np.full(4, 7, np.uint32)
    emulate = spin_kernel("any").emulate
    assert emulate is not None
    arguments = [np.uint64(3), np.uint64(0), np.uint32(3), np.uint32(1)]
    emulate([source.view(np.uint8), target.view(np.uint8), *arguments])
    assert target.tolist() == [1, 4, 7, 7]


@settings(max_examples=50, deadline=None)
@given(state=words, weight=words, pairs=st.integers(1, 20))
def test_pairs_of_dependent_kernels(state: int, weight: int, pairs: int) -> None:
    found = answer(np.array([state], np.uint32), np.array([weight], np.uint32), pairs)
    for pair in range(pairs):
        before = (state * 3 + pair) % 2**32
        state = (weight * before + (before ^ (2**32 - 1))) % 2**32
    assert found.tolist() == [state]


@settings(max_examples=20, deadline=None)
@given(start=st.integers(0, DISTINCT - 1), iters=st.integers(0, 5000))
def test_elementwise_rounds_nowhere(start: int, iters: int) -> None:
    source = ramp(4, start)
    chain = source.copy()
    for _ in range(iters):  # what the kernel does, step by step, in float32
        chain = chain * np.float32(1) + np.float32(1)
    target = np.zeros(4, np.float32)
    assert ELEMENTWISE.emulate is not None
    arguments = [np.uint64(4), np.uint32(iters), np.float32(1), np.float32(1)]
    ELEMENTWISE.emulate([source.view(np.uint8), target.view(np.uint8), *arguments])
    assert target.tolist() == chain.tolist() == [(start + i) % DISTINCT + iters for i in range(4)]


@settings(max_examples=20, deadline=None)
@given(count=st.integers(1, 10_000), largest=st.integers(0, MAX_EXACT - 1))
def test_checksums_are_exact_in_plain_integers(count: int, largest: int) -> None:
    values = [largest - i % (largest + 1) for i in range(count)]
    wanted = [
        sum((k + 1) * value for k, value in enumerate(values[first : first + 4096]))
        for first in range(0, count, 4096)
    ]
    source, sums = np.array(values, np.float32), np.zeros(len(wanted), np.uint64)
    assert CHECKSUM.emulate is not None
    CHECKSUM.emulate([source.view(np.uint8), sums.view(np.uint8), np.uint64(count)])
    assert sums.tolist() == wanted == checksums(source).tolist()


def test_layers_differ_from_their_neighbours() -> None:
    values = ramp(8)
    parts = [through_layers(values, [index], 5) for index in range(9)]
    assert all(not np.array_equal(a, b) for a, b in pairwise(parts))
    assert through_layers(values, range(3), 5).tolist() == [v + 5 * (1 + 2 + 3) for v in range(8)]


def test_values_and_most_iterations_stay_exact() -> None:
    assert DISTINCT + 1_000_000 < MAX_EXACT
    assert DISTINCT + 64 * 8 * 4096 < MAX_EXACT, "p2p_pipeline: layers, shift, iterations"
    assert 8 * (DISTINCT + 8 * 65_536) + 1 < MAX_EXACT, "allreduce_overlap: devices, shift"


def test_a_ramp_goes_round() -> None:
    assert ramp(3, DISTINCT - 1).tolist() == [DISTINCT - 1, 0, 1]
    assert np.array_equal(ramp(2 * DISTINCT + 1, 5)[DISTINCT:-1], ramp(DISTINCT, 5))


def test_seeds_differ_between_elements_and_lanes() -> None:
    shape = Geometry(128, 256)
    both = np.concatenate([seed(shape), seed(shape, 1)])
    assert len(np.unique(both)) == 2 * shape.count
