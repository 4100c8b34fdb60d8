"""Verdicts are computed from figures, and from nothing else."""

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.claims import Claim, Entry, Evidence, Part, Recordings, Verdict, ledger
from timeline.claims.claim import probed

NAN = float("nan")


def figure(part: Part, value: float, **more: str) -> Evidence:
    """Within its limits when it is 1, outside when it is 0, not measured when it is NaN."""
    return probed(part, "a figure", lambda _: value, least=0.5, **more)


def judged(*evidence: Evidence) -> Entry:
    (entry,) = ledger([Claim(1, "S", "T", "C", evidence)], Recordings({}, {"probes.json": {}}))
    return entry


@pytest.mark.parametrize(
    ("evidence", "verdict"),
    [
        ([], Verdict.UNKNOWN),
        ([figure(Part.DECIDES, NAN)], Verdict.UNKNOWN),
        ([figure(Part.DECIDES, 1)], Verdict.HOLDS),
        ([figure(Part.DECIDES, 0)], Verdict.FAILS),
        ([figure(Part.DECIDES, 1), figure(Part.DECIDES, 0)], Verdict.FAILS),
        ([figure(Part.DECIDES, 1), figure(Part.DECIDES, NAN)], Verdict.HOLDS),
        ([figure(Part.SUPPORTS, 1)], Verdict.UNKNOWN),
        ([figure(Part.DECIDES, 1), figure(Part.SUPPORTS, 0)], Verdict.FAILS),
        ([figure(Part.DECIDES, 1), figure(Part.LIMITS, 0, outside="if")], Verdict.CONDITION),
        ([figure(Part.DECIDES, 0), figure(Part.LIMITS, 0, outside="if")], Verdict.FAILS),
        ([figure(Part.DECIDES, 1), figure(Part.LIMITS, 1, outside="if")], Verdict.HOLDS),
        ([figure(Part.DECIDES, 1), figure(Part.TELLS, 0)], Verdict.HOLDS),
    ],
)
def test_verdict(evidence: Sequence[Evidence], verdict: Verdict) -> None:
    assert judged(*evidence).verdict is verdict


@given(
    st.lists(st.tuples(st.sampled_from(Part), st.sampled_from([0.0, 1.0, NAN])), max_size=6),
)
def test_a_verdict_needs_no_order_and_no_unmeasured_figure(
    figures: list[tuple[Part, float]],
) -> None:
    evidence = [figure(part, value, outside="if") for part, value in figures]
    known = [e for e, (_, value) in zip(evidence, figures, strict=True) if value == value]
    verdicts = {judged(*order).verdict for order in itertools.permutations(evidence[:4])}
    assert verdicts == {judged(*evidence[:4]).verdict}
    assert judged(*evidence).verdict is judged(*known).verdict
    assert len(judged(*evidence).missing) == len(evidence) - len(known)


def test_sentences_hold_the_figure_and_appear_where_they_apply() -> None:
    slow = probed(
        Part.LIMITS, "wait", lambda _: 2000, most=1, unit="ns", outside="It took {found}."
    )
    told = probed(Part.TELLS, "size", lambda _: 4096, unit="bytes", within="It was {found}.")
    entry = judged(figure(Part.DECIDES, 1), slow, told)
    assert entry.conditions == ("It took 2.000 µs.",)
    assert entry.remarks == ("It was 4 KiB.",)


def test_every_probed_device_counts() -> None:
    evidence = probed(Part.DECIDES, "a figure", lambda found: found["x"], least=0.5)
    claim = Claim(1, "S", "T", "C", (evidence,))
    probes: dict[str, dict[str, Any]] = {
        "a.json": {"x": 1, "device": {"name": "A", "driver": 12040}, "date": "2026-01-01"},
        "b.json": {"x": 0},
        "c.json": {},
    }
    (entry,) = ledger([claim], Recordings({}, probes))
    assert entry.verdict is Verdict.FAILS
    assert [found.samples for found in entry.found] == [("a.json",), ("b.json",)]
    assert str(entry.found[0].origins[0]) == "A, CUDA 12.4, 2026-01-01"
