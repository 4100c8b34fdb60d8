"""The pipelines inside a block on a real device: right at odd sizes, and stamped tile by tile."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from timeline.analysis.role_overlap import role_overlap
from timeline.backends.base import RunOptions
from timeline.backends.cuda import CudaBackend
from timeline.program import Program
from timeline.techniques import technique
from timeline.techniques.warp_specialized_two_pipelines import TILES_STAMPED

pytestmark = pytest.mark.gpu

ROOT = Path(__file__).resolve().parents[2]


def test_odd_sizes_and_alignments(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.pipelines", "--cases", "--small"]
    command += ["--collector", "events", "--out", str(tmp_path / "cases.json")]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def stages(variant: str) -> Program:
    return technique("two_pipelines").program(variant, batches=1, tiles=96, grid=2, iters=64)


def test_every_role_stamps_its_first_tiles_in_order() -> None:
    trace = CudaBackend().run(stages("two_stages"), RunOptions(repeat=2))
    spans = defaultdict(list)
    for row in trace.stamps.to_pylist():
        key = (row["correlation"], row["block"], row["role"])
        spans[key].append((row["start"], row["end"], row["tile"]))
    assert len(spans) == 2 * 2 * 3
    for (launch, block, role), found in spans.items():
        assert [tile for _, _, tile in sorted(found)] == list(range(block, 64 + block, 2))
        assert len(found) == TILES_STAMPED
        if role == "compute":
            for mine, loaded in zip(found, spans[launch, block, "loader"], strict=True):
                assert mine[2] == loaded[2]
                assert mine[1] > loaded[0]  # computed after its load was issued
    left_out = 2 * 2 * 3 * (48 - TILES_STAMPED)
    assert any(f"{left_out} in-kernel stamps are left out" in note for note in trace.meta.notes)


def test_two_stages_load_beside_compute_and_one_does_not() -> None:
    ratio = {
        variant: role_overlap(CudaBackend().run(stages(variant)), "loader", "compute").ratio
        for variant in ("one_stage", "two_stages")
    }
    assert ratio["one_stage"] < 0.25
    assert ratio["two_stages"] > 0.6
