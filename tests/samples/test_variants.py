"""Recorded variants of a technique, and which of them stand for it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from timeline.samples import contrast, recorded, recorded_techniques
from timeline.techniques import NAMES

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture
def some(tmp_path: Path) -> Path:
    for name in ("pdl", "default_stream_barrier"):
        shutil.copytree(SAMPLES / name, tmp_path / name)
    (tmp_path / "event_wait").mkdir()
    return tmp_path


def on_another_gpu(place: Path, name: str, count: int = 1) -> None:
    """Say that a trace was recorded elsewhere."""
    meta: dict[str, Any] = json.loads((place / "meta.json").read_text())
    meta["devices"] = [{**meta["devices"][0], "id": n, "name": name} for n in range(count)]
    (place / "meta.json").write_text(json.dumps(meta))


def test_what_is_recorded(some: Path) -> None:
    assert recorded_techniques(some) == ["default_stream_barrier", "pdl"]
    assert [each.variant for each in recorded(some, "pdl")] == ["stream_order", "pdl"]
    assert recorded(some, "event_wait") == []
    assert set(recorded_techniques(SAMPLES)) <= set(NAMES)


def test_baseline_and_fastest_stand_for_a_technique(some: Path) -> None:
    first, second = contrast(recorded(some, "pdl"))
    assert (first.variant, second.variant) == ("stream_order", "pdl")


def test_the_slowest_where_the_baseline_is_as_fast_as_any(some: Path) -> None:
    first, second = contrast(recorded(some, "default_stream_barrier"))
    assert (first.variant, second.variant) == ("stray_legacy", "non_blocking")


def test_a_single_variant_stands_alone(some: Path) -> None:
    shutil.rmtree(some / "pdl" / "pdl")
    first, second = contrast(recorded(some, "pdl"))
    assert first is second


def test_variants_of_different_gpus_are_not_compared(some: Path) -> None:
    on_another_gpu(some / "pdl" / "pdl", "NVIDIA H100 80GB HBM3")
    found = recorded(some, "pdl")
    assert [each.gpus for each in found] == ["NVIDIA H200", "NVIDIA H100 80GB HBM3"]
    first, second = contrast(found)
    assert first is second is found[0]


def test_several_gpus_of_one_kind(some: Path) -> None:
    on_another_gpu(some / "pdl" / "pdl", "NVIDIA H100 80GB HBM3", 2)
    assert recorded(some, "pdl")[1].gpus == "2 × NVIDIA H100 80GB HBM3"
