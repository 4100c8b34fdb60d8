"""The claims themselves: simulated traces passed off as recorded ones, and probes, decide them."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from timeline.analysis.shows import checked
from timeline.backends.base import RunOptions
from timeline.backends.sim import SimBackend
from timeline.claims import CLAIMS, Claim, Entry, Part, Recordings, Verdict, claim, ledger
from timeline.errors import UsageError
from timeline.techniques import NAMES, technique
from timeline.trace import Trace

Judge = Callable[..., Entry]


def deciding(one: Claim) -> list[str]:
    """Techniques with figures that decide a claim."""
    named = [e.technique for e in one.evidence if e.part is Part.DECIDES and e.value]
    return [name for name in dict.fromkeys(named) if name in NAMES]


REFUTED = {14}
"""Claims that a technique, where it shows what it must, speaks against."""

CASES = [(one.number, name) for one in CLAIMS for name in deciding(one)]


@cache
def simulated(name: str) -> dict[str, Trace]:
    backend, found = SimBackend(device="h200"), technique(name)
    options = RunOptions(repeat=2, verify=False)
    return {v.name: backend.run(found.program(v.name), options) for v in found.variants}


def as_recorded(name: str) -> dict[str, Trace]:
    """With every known answer checked, as a recording has."""
    return {
        variant: trace.replace(
            source="cupti",
            verified=len(technique(name).program(variant).expects) * len(trace.meta.repeats),
        )
        for variant, trace in simulated(name).items()
    }


def test_there_are_22_claims() -> None:
    assert [one.number for one in CLAIMS] == list(range(1, 23))
    for one in CLAIMS:
        assert one.text.endswith(".")
        assert len({(each.technique, each.doc) for each in one.evidence}) == len(one.evidence)


def test_limits_have_a_condition_to_name() -> None:
    for one in CLAIMS:
        for each in one.evidence:
            assert bool(each.outside) or each.part is not Part.LIMITS


def test_techniques_and_claims_name_each_other() -> None:
    tests = {name: {one.number for one in CLAIMS if name in one.techniques} for name in NAMES}
    assert tests == {name: set(technique(name).claims) for name in NAMES}


def test_evidence_of_a_technique_is_one_of_its_checks() -> None:
    for one in CLAIMS:
        for each in one.evidence:
            assert each.value is not None or each.technique not in checked()


def test_an_unknown_claim_is_named() -> None:
    with pytest.raises(UsageError, match="no claim named '23'"):
        claim(23)


@pytest.mark.parametrize(("number", "name"), CASES)
def test_a_technique_that_shows_its_effect_decides_for_the_claim(
    judge: Judge, number: int, name: str
) -> None:
    verdict = judge(number, {name: as_recorded(name)}).verdict
    assert (verdict in (Verdict.HOLDS, Verdict.CONDITION)) == (number not in REFUTED)
    assert verdict is not Verdict.UNKNOWN


@pytest.mark.parametrize(("number", "name"), CASES)
def test_a_baseline_in_place_of_every_variant_does_not(
    judge: Judge, number: int, name: str
) -> None:
    traces = as_recorded(name)
    baseline = next(iter(traces.values()))
    entry = judge(number, {name: dict.fromkeys(traces, baseline)})
    assert entry.verdict not in (Verdict.HOLDS, Verdict.CONDITION)


@pytest.mark.parametrize(("number", "name"), CASES)
def test_simulated_traces_prove_nothing(judge: Judge, number: int, name: str) -> None:
    entry = judge(number, {name: simulated(name)})
    assert entry.verdict is Verdict.UNKNOWN
    assert not entry.found


def test_a_missing_variant_leaves_its_figures_out(judge: Judge) -> None:
    traces = as_recorded("pdl")
    del traces["pdl"]
    entry = judge(18, {"pdl": traces})
    assert entry.verdict is Verdict.UNKNOWN
    assert [found.samples for found in entry.found] == [("pdl/stream_order",)]


def test_figures_name_the_traces_that_they_read(judge: Judge) -> None:
    entry = judge(10, {"default_stream_barrier": as_recorded("default_stream_barrier")})
    both = ("default_stream_barrier/stray_legacy", "default_stream_barrier/named_streams")
    assert both in [found.samples for found in entry.found]


def flip(probes: Any, *path: str, to: Any) -> None:
    for key in path[:-1]:
        probes = probes[key]
    assert probes[path[-1]] != to
    probes[path[-1]] = to


@pytest.mark.parametrize(
    ("number", "before", "changes", "after"),
    [
        (
            6,
            Verdict.FAILS,
            [
                ("waits", f"cudaMalloc {size}", "other_stream_busy", 4_100_000)
                for size in ("4K", "1M", "64M")
            ],
            Verdict.HOLDS,
        ),
        (
            7,
            Verdict.HOLDS,
            [("waits", "cudaMallocAsync 1M", "other_stream_busy", 4_100_000)],
            Verdict.FAILS,
        ),
        (
            8,
            Verdict.HOLDS,
            [("pools", "threshold max", "malloc after sync", 90_000)],
            Verdict.FAILS,
        ),
        (
            9,
            Verdict.HOLDS,
            [("concurrency", "resident", "256", "most", 200)],
            Verdict.FAILS,
        ),
        (
            14,
            Verdict.FAILS,
            [
                ("concurrency", "overlap_ns", f"two cooperative{size}", 0)
                for size in ("", " of 1 block an SM")
            ],
            Verdict.HOLDS,
        ),
        (17, Verdict.HOLDS, [("graphs", "1000", "host_ns", 900_000)], Verdict.FAILS),
        (
            21,
            Verdict.CONDITION,
            [
                (
                    "concurrency",
                    "small_grid_starts_after_ns (behind 4 waves of 0.5 ms)",
                    "high",
                    9_000,
                )
            ],
            Verdict.HOLDS,
        ),
        (22, Verdict.HOLDS, [("waits", "cudaEventRecord", "idle", 1_700)], Verdict.FAILS),
        (
            22,
            Verdict.HOLDS,
            [("gaps", "same stream, event between", 2_816)],
            Verdict.FAILS,
        ),
    ],
)
def test_probes_flip_the_verdict(
    judge: Judge,
    probes: Any,
    number: int,
    before: Verdict,
    changes: list[tuple[Any, ...]],
    after: Verdict,
) -> None:
    assert judge(number, {}, {"probes.json": probes}).verdict is before
    for *path, to in changes:
        flip(probes, *path, to=to)
    assert judge(number, {}, {"probes.json": probes}).verdict is after


def test_pageable_copies_that_always_wait_need_no_condition(judge: Judge, probes: Any) -> None:
    assert "up to 2 MiB" in judge(2, {}, {"p.json": probes}).conditions[0]
    for name, row in probes["waits"].items():
        if name.startswith("cudaMemcpyAsync H2D pageable"):
            row["own_stream_busy"] = row["idle"] + 4_000_000
    assert judge(2, {}, {"p.json": probes}).verdict is Verdict.HOLDS


def test_a_wait_that_returns_at_the_trigger_takes_that_condition_away(
    judge: Judge, probes: Any
) -> None:
    traces = {"pdl": as_recorded("pdl")}
    assert len(judge(18, traces, {"p.json": probes}).conditions) == 2
    flip(probes, "pdl", "pdl", "wait_returns", to=51_000)
    (condition,) = judge(18, traces, {"p.json": probes}).conditions
    assert "keeps the time" in condition


def test_probes_that_failed_or_are_missing_are_not_measured(judge: Judge, probes: Any) -> None:
    probes["pools"] = {"error": "CudaError: no pools on this device"}
    del probes["waits"]
    entry = judge(7, {}, {"p.json": probes})
    assert entry.verdict is Verdict.UNKNOWN
    assert len(entry.missing) == len(entry.claim.evidence)


def test_nothing_recorded_decides_nothing() -> None:
    assert {e.verdict for e in ledger(CLAIMS, Recordings({}))} == {Verdict.UNKNOWN}
