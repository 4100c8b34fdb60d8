"""Techniques of other libraries on a real device, in processes of their own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from timeline.backends.base import RunOptions
from timeline.backends.cuda import CudaBackend
from timeline.recording.live import missing, run_variant
from timeline.techniques import technique

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize(
    ("name", "variant", "engine", "called"),
    [
        ("torch_dataloader", "prefetch", "H2D", "cudaMemcpyAsync"),
        ("torch_allocator", "native", "SM", "cudaFree"),
        ("torch_allocator", "cuda_malloc_async", "SM", "cudaMallocAsync"),
        ("nixl_transfer", "peer_copy", "P2P", "cudaMemcpyPeerAsync"),
        ("nixl_transfer", "nixl", "SM", "cuLaunchKernel"),
    ],
)
def test_a_script_is_recorded(
    skip_below_gpus: Callable[[int], None], name: str, variant: str, engine: str, called: str
) -> None:
    found = technique(name)
    skip_below_gpus(found.devices)
    lacking = missing(found)
    if lacking is not None:
        pytest.skip(str(lacking))
    trace = run_variant(CudaBackend(), found, variant, {}, RunOptions(repeat=2, warmup=1))
    assert trace.meta.verified == len(trace.meta.repeats) == 2
    assert trace.meta.labels["variant"] == variant
    starts = trace.column("activities", "start")
    for first, last in trace.meta.repeats:
        assert ((starts >= first) & (starts <= last)).any()
    assert engine in set(trace.activities["engine"].to_pylist())
    assert any(str(call).startswith(called) for call in trace.calls["name"].to_pylist())
    assert {"pipeline", "finish"} <= set(trace.ranges["name"].to_pylist())
