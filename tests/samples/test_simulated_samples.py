"""The simulator beside the recordings: no GPU needed, for the recordings hold what it did."""

import runpy
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from timeline.techniques import NAMES, technique

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
RECORDED = [name for name in NAMES if (SAMPLES / name).is_dir()]
VARIANTS = [(name, v.name) for name in RECORDED for v in technique(name).variants]

MEDIAN_OVERLAP = 0.05

Compared = Mapping[tuple[str, str], Any]


def left_out(page: Mapping[str, Any]) -> set[str]:
    """Techniques recorded on a GPU that no device file describes."""
    return {words.split()[0] for words in page["undescribed"](SAMPLES)}


def test_every_recording_is_compared(compared: Compared, simulator_page: Mapping[str, Any]) -> None:
    described = [v for v in VARIANTS if v[0] not in left_out(simulator_page)]
    assert list(compared) == described


@pytest.mark.parametrize("which", VARIANTS, ids="-".join)
def test_makespans_and_overlap_ratios(
    compared: Compared, simulator_page: Mapping[str, Any], which: tuple[str, str]
) -> None:
    """Within the page's limits, but for those whose reason it gives."""
    if which not in compared:
        pytest.skip("no device file describes its GPU")
    found = compared[which]
    assert found.is_off == (which in simulator_page["REASONS"]), (found.ratio, found.misses)


def test_overlap_ratios_in_the_median(compared: Compared) -> None:
    """Of engines that were busy for at least 2 % of the makespan (COUNTED_SHARE)."""
    for gpu in {each.sample.gpus for each in compared.values()}:
        misses = [m for each in compared.values() if each.sample.gpus == gpu for m in each.misses]
        assert not misses or median(misses) <= MEDIAN_OVERLAP


def test_held_out_recordings_are_predicted_as_well(compared: Compared) -> None:
    errors: dict[str, list[float]] = {}
    for each in compared.values():
        errors.setdefault(each.role, []).append(abs(each.ratio - 1))
    assert len(errors["held out"]) * 3 >= len(errors["held out"] + errors["fitted"]) - 2
    assert median(errors["held out"]) <= 0.05


def test_overlaps_count_where_copies_matter(compared: Compared) -> None:
    counted = {name for (name, _), c in compared.items() if any(o.counts for o in c.overlaps)}
    assert counted >= {"three_way_overlap", "pinned_vs_pageable", "stream_ordered_alloc"}


def test_the_table_of_the_page_is_current(simulator_page: Mapping[str, Any]) -> None:
    """Else: ``python tools/simulator_page.py``."""
    current = simulator_page["PAGE"].read_text(encoding="utf-8")
    assert current == simulator_page["page"](current, SAMPLES)


@pytest.mark.parametrize("device", ["h100", "h200"])
def test_device_files_are_what_the_samples_say(device: str) -> None:
    """Else: ``python tools/device_files.py``, then the page again."""
    tool = runpy.run_path(str(SAMPLES.parent / "tools" / "device_files.py"))
    for place, text in tool["files"](SAMPLES, device):
        assert place.read_text(encoding="utf-8") == text
