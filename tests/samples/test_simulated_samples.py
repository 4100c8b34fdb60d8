"""The simulator beside the recordings: no GPU needed, for the recordings hold what it did."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from timeline.techniques import NAMES, technique

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
RECORDED = [name for name in NAMES if (SAMPLES / name).is_dir()]
VARIANTS = [(name, v.name) for name in RECORDED for v in technique(name).variants]

MAKESPAN = 0.15
OVERLAP = 0.1

Compared = Mapping[tuple[str, str], Any]


def left_out(page: Mapping[str, Any]) -> set[str]:
    """Techniques recorded on a GPU that no device file describes."""
    return {words.split()[0] for words in page["undescribed"](SAMPLES)}


def test_every_recording_is_compared(compared: Compared, simulator_page: Mapping[str, Any]) -> None:
    described = [v for v in VARIANTS if v[0] not in left_out(simulator_page)]
    assert list(compared) == described


@pytest.mark.parametrize("which", VARIANTS, ids="-".join)
def test_makespan(compared: Compared, which: tuple[str, str]) -> None:
    if which not in compared:
        pytest.skip("no device file describes its GPU")
    assert compared[which].ratio == pytest.approx(1, abs=MAKESPAN)


@pytest.mark.parametrize("which", VARIANTS, ids="-".join)
def test_overlap_ratios(compared: Compared, which: tuple[str, str]) -> None:
    """Of engines that were busy for at least 2 % of the makespan (COUNTED_SHARE)."""
    if which not in compared:
        pytest.skip("no device file describes its GPU")
    counted = [o for o in compared[which].overlaps if o.counts]
    assert [o.simulated for o in counted] == pytest.approx(
        [o.recorded for o in counted], abs=OVERLAP
    )


def test_overlaps_count_where_copies_matter(compared: Compared) -> None:
    counted = {name for (name, _), c in compared.items() if any(o.counts for o in c.overlaps)}
    assert counted >= {"three_way_overlap", "pinned_vs_pageable", "stream_ordered_alloc"}


def test_pageable_rates_are_those_of_the_host_of_the_samples(
    simulator_page: Mapping[str, Any],
) -> None:
    copy = simulator_page["machine"](SAMPLES, "NVIDIA H200").copy
    rates = simulator_page["json"].loads(
        (SAMPLES / "calibration" / "h200_semantics.json").read_text()
    )["copies"]["pageable_GBps, cold"]
    assert dict(copy.pageable_h2d_ns)[1 << 24] == pytest.approx((1 << 24) / rates["H2D 16777216"])
    assert dict(copy.pageable_d2h_ns)[1 << 24] == pytest.approx((1 << 24) / rates["D2H 16777216"])


def test_the_table_of_the_page_is_current(simulator_page: Mapping[str, Any]) -> None:
    """Else: ``python tools/simulator_page.py``."""
    current = simulator_page["PAGE"].read_text(encoding="utf-8")
    assert current == simulator_page["page"](current, SAMPLES)
