"""Every variant of every technique, verified, on every backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from timeline.backends.base import RunOptions
from timeline.program import Program
from timeline.techniques import NAMES, technique
from timeline.trace import Trace

VARIANTS = [(name, variant.name) for name in NAMES for variant in technique(name).variants]
GiB = 1 << 30


@pytest.fixture(params=["sim", "fake", pytest.param("cuda", marks=pytest.mark.gpu)])
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Trace]:
    if request.param == "sim":
        from timeline.backends.sim import SimBackend

        return SimBackend().run
    from timeline.backends.cuda import CudaBackend

    if request.param == "cuda":
        skip_below: Callable[[int], None] = request.getfixturevalue("skip_below_gpus")

        def on_gpus(program: Program, options: RunOptions) -> Trace:
            skip_below(len(program.devices))
            return CudaBackend().run(program, options)

        return on_gpus
    fake = request.getfixturevalue("fake_cuda_module").FakeCuda(devices=2, memory_bytes=8 * GiB)
    monkeypatch.setattr("timeline.backends.cuda.nccl.load_nccl", lambda: fake.nccl)
    monkeypatch.setattr("timeline.backends.cuda.launch.compile_kernel", fake.compile)
    backend = CudaBackend("events", api=fake.api)

    def taught(program: Program, options: RunOptions) -> Trace:
        fake.teach(program)
        trace = backend.run(program, options)
        assert fake.leaked == {}
        return trace

    return taught


SMALL = {
    "total_mib": 8,
    "batch_mib": 1,
    "chunks": 8,
    "batches": 4,
    "tiles": 12,
    "tokens": 48,
    "grow": 48,
    "heads": 2,
    "copy_mib": 1,
    "resident": 8,
    "most": 16,
    "fewest_chunks": 4,
    "replays": 3,
    "activation_mib": 1,
    "gradient_mib": 1,
    "pairs": 2,
    "m": 264,
    "n": 136,
    "k": 200,
    "rounds": 3,
    "scratch_mib": 1,
    "grow_mib": 2,
    "block_mib": 1,
}
"""Parameters whose defaults are made for a picture, not for a test."""


def small(name: str) -> dict[str, Any]:
    known = {parameter.name for parameter in technique(name).parameters}
    return {key: value for key, value in SMALL.items() if key in known}


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_a_variant_runs_and_its_answer_is_right(
    run: Callable[..., Trace], name: str, variant: str
) -> None:
    program = technique(name).program(variant, **small(name))
    trace = run(program, RunOptions(repeat=2, warmup=1))
    assert trace.meta.verified == 2 * len(program.expects) > 0
    assert len(trace.meta.repeats) == 2
    assert trace.meta.labels["technique"] == name
    assert trace.meta.labels["variant"] == variant
    starts = trace.column("activities", "start")
    inside = sum(((starts >= first) & (starts <= last)).sum() for first, last in trace.meta.repeats)
    assert inside == len(starts) > 0
    assert len(starts) % 2 == 0
