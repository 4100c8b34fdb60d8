"""The check on the recorded samples and on the simulator: what this project's own CI holds."""

from functools import cache
from pathlib import Path

import pytest

from timeline.backends import RunOptions
from timeline.backends.sim import SimBackend
from timeline.check import Baseline, Checked, Entry, Outcome, Rules, check, entry_of
from timeline.samples import Sample, contrast, recorded, recorded_techniques
from timeline.techniques import technique

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
RECORDED = recorded_techniques(SAMPLES)

NOTABLE = 1.1
"""How many times slower than the better variant the other one must be to be a regression."""


@cache
def entry(sample: Sample) -> Entry:
    return entry_of([sample.trace.replace(labels={})], sample.technique, diagnose=False)


def checked(before: Entry, now: Entry, rules: Rules) -> Checked:
    (found,) = check([now], Baseline((before,)), rules)
    return found


@pytest.mark.parametrize("name", RECORDED)
def test_samples_pass_against_themselves_and_lost_no_record(name: str) -> None:
    for sample in recorded(SAMPLES, name):
        found = checked(entry(sample), entry(sample), Rules().with_more(["dropped == 0"]))
        assert {v.outcome for v in found.verdicts} == {Outcome.PASSED}


@pytest.mark.parametrize("name", RECORDED)
def test_losing_the_technique_is_found(name: str) -> None:
    """The better variant is the baseline, and somebody went back to the other one."""
    pair = sorted(contrast(recorded(SAMPLES, name)), key=lambda s: s.totals.makespan_ns)
    better, other = pair
    if better.gpus != other.gpus:
        pytest.skip("its variants were recorded on different devices")
    found = checked(entry(better), entry(other), Rules())
    slower = other.totals.makespan_ns / better.totals.makespan_ns
    assert found.failed or slower < NOTABLE


CONTRACTS = {
    ("three_way_overlap", "depth_first"): ("hidden_copy_ratio >= 0.8", "streams >= 2"),
    ("pinned_vs_pageable", "pinned"): ("hidden_copy_ratio >= 0.4", "pageable_copies == 0"),
    ("pdl", "pdl"): ("kernel_overlap_ratio >= 0.2",),
    ("event_dag", "events"): ("kernel_overlap_ratio >= 0.5", "event_waits >= 1"),
    ("event_wait", "event"): ("host_syncs <= 1",),
    ("stream_ordered_alloc", "async"): ("blocking_allocs == 0",),
}
"""What the schedule of a technique must keep on any device."""


@pytest.mark.parametrize(("name", "variant"), CONTRACTS)
def test_simulated_schedules_keep_their_contracts(name: str, variant: str) -> None:
    program = technique(name).program(variant)
    trace = SimBackend().run(program, RunOptions(verify=False, stamps=False))
    now = entry_of([trace], diagnose=False)
    limits = Rules(defaults=False).with_more(CONTRACTS[name, variant])
    found = checked(now, now, limits)
    assert len(found.verdicts) == len(CONTRACTS[name, variant])
    assert not found.failed
