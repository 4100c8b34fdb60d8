"""Every planted cause is found in the recordings; what else is found was judged."""

from pathlib import Path
from statistics import median_low

import pytest

from timeline.analysis import makespans_ns
from timeline.findings import DETECTORS, findings
from timeline.findings.planted import JUDGED, PLANTED, Planted
from timeline.trace import Trace

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
CODES = {detector.code for detector in DETECTORS}
HERE = [one for one in PLANTED if (SAMPLES / one.technique / one.variant).is_dir()]
FIXED = sorted(
    {(one.technique, one.fixed) for one in HERE} - {(one.technique, one.variant) for one in HERE}
)


@pytest.mark.parametrize("one", HERE, ids=lambda one: f"{one.technique}-{one.variant}")
def test_a_planted_cause_is_found(one: Planted) -> None:
    trace = Trace.load(SAMPLES / one.technique / one.variant)
    assert one.code in {found.code for found in findings(trace)}


@pytest.mark.parametrize(("technique", "variant"), FIXED)
def test_a_fixed_variant_has_no_finding_that_was_not_judged(technique: str, variant: str) -> None:
    trace = Trace.load(SAMPLES / technique / variant)
    judged = {code for name, of, code in JUDGED if (name, of) == (technique, variant)}
    assert {found.code for found in findings(trace)} == judged


def test_the_table_names_detectors() -> None:
    assert {one.code for one in PLANTED} <= CODES
    assert {code for _, _, code in JUDGED} <= CODES


def median_ns(technique: str, variant: str) -> float:
    found = makespans_ns(Trace.load(SAMPLES / technique / variant))
    return float(median_low(ns for ns in found if ns is not None))


@pytest.mark.parametrize("one", HERE, ids=lambda one: f"{one.technique}-{one.variant}")
def test_a_cost_is_what_the_fixed_variant_saves(one: Planted) -> None:
    """Within 10 %, but for those of which the table says what else the fixed variant changes."""
    found = findings(Trace.load(SAMPLES / one.technique / one.variant))
    cost = next(each.cost_ns for each in found if each.code == one.code)
    saved = median_ns(one.technique, one.variant) - median_ns(one.technique, one.fixed)
    assert one.differs or cost == pytest.approx(saved, rel=0.1)
