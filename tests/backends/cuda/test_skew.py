"""The clocks of two devices, from a number that is passed back and forth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.backends.base import RunOptions
from timeline.backends.cuda import CudaBackend
from timeline.backends.cuda.alignment import Alignment
from timeline.backends.cuda.nvrtc import compile_text
from timeline.backends.cuda.skew import _SOURCE, SYMBOL, apart, offset
from timeline.program import Builder


@given(
    ahead=st.integers(-(10**9), 10**9),
    trips=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3000)), min_size=1),
)
def test_the_offset_is_within_what_is_known(ahead: int, trips: list[tuple[int, int]]) -> None:
    start, first, second = 2 * 10**9, [], []
    for there, back in trips:
        first.append((start, start + there + back))
        second.append((start + ahead, start + there + ahead))
        start += there + back + 100
    found = offset(np.array(first, np.uint64), np.array(second, np.uint64))
    assert found is not None
    assert abs(found.offset_ns + ahead) <= found.residual_ns + 1
    assert found.residual_ns <= min(there + back for there, back in trips) // 2 + 1


def test_rounds_that_did_not_happen_are_left_out() -> None:
    some = np.array([[100, 300], [0, 0]], np.uint64)
    assert offset(some, np.array([[100, 200], [0, 0]], np.uint64)) == Alignment(0, 100, 1)
    assert offset(some[1:], some[1:]) is None


def test_a_device_that_the_collector_sees_late_is_ahead() -> None:
    clocks = {0: Alignment(1000, 10, 5), 1: Alignment(1700, 20, 5)}
    found = apart(clocks, {1: Alignment(500, 30, 64)}, 0)
    assert (found[1].skew_ns, found[1].uncertainty_ns) == (200, 60)
    assert apart({0: clocks[0]}, {1: Alignment(0, 0, 1)}, 0) == {}


@pytest.mark.parametrize("arch", ["sm_80", "sm_90a", "sm_100"])
def test_the_kernel_compiles(arch: str) -> None:
    pytest.importorskip("cuda.bindings")
    assert compile_text(_SOURCE, f"{SYMBOL}.cu", [f"--gpu-architecture={arch}"])


def test_a_trace_of_several_devices_says_how_far_their_clocks_are_apart(
    fake_cuda_module: Any,
) -> None:
    def clocks(devices: int) -> Any:
        fake = fake_cuda_module.FakeCuda(devices=devices, skew_ns=70_000)
        b = Builder("fills")
        for device in range(devices):
            b.memset(b.device(f"d{device}", 64, device=device), 0, b.stream("s", device=device))
        trace = CudaBackend("events", api=fake.api).run(b.build(), RunOptions())
        assert fake.leaked == {}
        return trace.meta.provenance.get("device_clocks")

    assert clocks(1) is None
    found = clocks(3)
    assert set(found) == {"1", "2"}
    for one in found.values():
        assert abs(one["skew_ns"] - 70_000) <= one["uncertainty_ns"]
