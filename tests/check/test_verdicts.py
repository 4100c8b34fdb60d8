"""What passes, what fails, and why."""

from collections.abc import Callable, Sequence

import pytest

from timeline.check import Baseline, Checked, Entry, Outcome, Rules, check, require_figures
from timeline.check.as_text import as_text
from timeline.check.words import reason
from timeline.errors import UsageError
from timeline.trace import Trace

MakePipeline = Callable[..., Trace]
Measure = Callable[..., Entry]

NOISY = (1.0, 1.04, 0.97, 1.06, 0.95)


def checked(before: Entry, now: Entry, rules: Rules | None = None) -> Checked:
    (found,) = check([now], Baseline((before,)), rules or Rules())
    require_figures(rules or Rules(), [found])
    return found


def failed(found: Checked) -> set[str]:
    return {str(v.name) for v in found.failed}


def alone(*thresholds: str, defaults: bool = False) -> Rules:
    return Rules(defaults=defaults).with_more(thresholds)


def outcomes(found: Checked) -> dict[str, Outcome]:
    return {str(v.name): v.outcome for v in found.verdicts}


def test_a_trace_passes_against_itself(make_pipeline: MakePipeline, entry: Measure) -> None:
    found = checked(entry(make_pipeline()), entry(make_pipeline()))
    assert set(outcomes(found).values()) == {Outcome.PASSED}
    assert len(found.verdicts) > 10


def test_lost_overlap_fails(make_pipeline: MakePipeline, entry: Measure) -> None:
    found = checked(entry(make_pipeline()), entry(make_pipeline(overlap=False)))
    assert failed(found) >= {"makespan", "overlap_ratio[H2D,SM]", "hidden_copy_ratio", "streams"}
    assert "busy[SM]" not in failed(found)


def test_gained_overlap_is_better(make_pipeline: MakePipeline, entry: Measure) -> None:
    found = checked(entry(make_pipeline(overlap=False)), entry(make_pipeline()))
    assert not found.failed
    assert outcomes(found)["hidden_copy_ratio"] is Outcome.BETTER


def test_a_slower_kernel_fails(make_pipeline: MakePipeline, entry: Measure) -> None:
    found = checked(entry(make_pipeline()), entry(make_pipeline(kernel=1.1)))
    assert failed(found) == {"makespan", "busy[SM]", "duration[scale]"}


def test_a_change_below_the_allowance_passes(make_pipeline: MakePipeline, entry: Measure) -> None:
    assert not checked(entry(make_pipeline()), entry(make_pipeline(kernel=1.02))).failed


def test_a_change_within_noise_passes(make_pipeline: MakePipeline, entry: Measure) -> None:
    before = entry(make_pipeline(factors=NOISY))
    now = entry(make_pipeline(factors=[1.07 * f for f in NOISY]))
    found = checked(before, now, alone("makespan: +3%"))
    assert outcomes(found) == {"makespan": Outcome.NOISE}
    assert "within noise" in reason(found.verdicts[0])


@pytest.mark.parametrize(
    ("threshold", "outcome"),
    [
        ("makespan: +3%", Outcome.FAILED),
        ("makespan: +12%", Outcome.PASSED),
        ("makespan: -3%", Outcome.BETTER),
        ("makespan: ±3%", Outcome.FAILED),
        ("makespan: +10us", Outcome.FAILED),
        ("makespan: +1ms", Outcome.PASSED),
        ("makespan <= 1ms", Outcome.PASSED),
        ("makespan < 100us", Outcome.FAILED),
        ("busy[SM]@0: +3%", Outcome.FAILED),
        ("pipeline_efficiency >= 0.9", Outcome.FAILED),
        ("pipeline_efficiency >= 0.8", Outcome.PASSED),
        ("dropped == 0", Outcome.PASSED),
        ("dropped != 0", Outcome.FAILED),
    ],
)
def test_thresholds(
    threshold: str, outcome: Outcome, make_pipeline: MakePipeline, entry: Measure
) -> None:
    before, now = entry(make_pipeline()), entry(make_pipeline(kernel=1.1))
    found = checked(before, now, alone(threshold))
    assert list(outcomes(found).values()) == [outcome]


def test_records_that_were_lost_fail(make_pipeline: MakePipeline, entry: Measure) -> None:
    found = checked(entry(make_pipeline()), entry(make_pipeline(dropped=3)))
    assert failed(found) == {"dropped"}
    assert reason(found.failed[0]) == "dropped is 3, must be 'dropped == 0'"


def test_the_users_threshold_replaces_the_default(
    make_pipeline: MakePipeline, entry: Measure
) -> None:
    before, now = entry(make_pipeline()), entry(make_pipeline(kernel=1.1))
    lax = alone("makespan: +20%", "busy: +20%", "duration[scale]: +20%", defaults=True)
    assert not checked(before, now, lax).failed
    strict = alone("busy[SM]: +20%", "busy: +1%", defaults=True)
    assert "busy[SM]" not in failed(checked(before, now, strict))


def test_the_users_threshold_minds_what_is_worth_little(
    make_pipeline: MakePipeline, entry: Measure
) -> None:
    before = entry(make_pipeline(factors=[1.0] * 5))
    now = entry(make_pipeline(factors=[1.001] * 5))
    assert not checked(before, now).failed
    assert failed(checked(before, now, alone("makespan: +0%"))) == {"makespan"}


def test_without_repeats_only_the_allowance_counts(
    make_pipeline: MakePipeline, entry: Measure
) -> None:
    before = entry(make_pipeline(factors=[1.0]))
    found = checked(before, entry(make_pipeline(factors=[1.1])), alone("makespan: +5%"))
    assert failed(found) == {"makespan"}
    assert "nothing is known of their noise" in as_text([found], {})


def test_ranges_and_windows_have_thresholds_of_their_own(
    make_pipeline: MakePipeline, entry: Measure
) -> None:
    rules = Rules().with_more(ranges=["chunk *"], windows=["0us:300us"])
    before, now = entry(make_pipeline(), rules), entry(make_pipeline(kernel=1.1), rules)
    found = checked(before, now, rules)
    places = {str(v.place) for v in found.failed if v.name.measure == "busy"}
    assert places == {"device 0", *(f"range chunk {i}, device 0" for i in range(4))}


def test_a_range_that_is_gone_is_said(make_pipeline: MakePipeline, entry: Measure) -> None:
    wide, narrow = Rules().with_more(ranges=["chunk *"]), Rules().with_more(ranges=["chunk 1"])
    before = entry(make_pipeline(), wide)
    with pytest.raises(UsageError, match="range chunk 0, device 0 is in the baseline of step, and"):
        checked(before, entry(make_pipeline(), narrow), wide)
    assert not checked(before, entry(make_pipeline(), narrow), narrow).failed


def test_a_range_that_the_baseline_lacks_is_said(
    make_pipeline: MakePipeline, entry: Measure
) -> None:
    rules = Rules().with_more(ranges=["step"])
    with pytest.raises(UsageError, match="has nothing of range step"):
        checked(entry(make_pipeline()), entry(make_pipeline(), rules), rules)


def test_a_range_that_no_trace_has_is_said(make_pipeline: MakePipeline, entry: Measure) -> None:
    with pytest.raises(UsageError, match="no NVTX range 'stp'"):
        entry(make_pipeline(), Rules().with_more(ranges=["stp"]))


@pytest.mark.parametrize(
    "threshold", ["busy[P2P]: +3%", "overlap_ratio[D2H,SM]: -0.1", "duration[gemm]: +5%"]
)
def test_a_threshold_for_nothing_is_said(
    threshold: str, make_pipeline: MakePipeline, entry: Measure
) -> None:
    before = entry(make_pipeline())
    with pytest.raises(UsageError, match="no such figure"):
        checked(before, before, alone(threshold))


def test_a_kernel_that_is_gone_can_hold_no_threshold(
    make_pipeline: MakePipeline, entry: Measure
) -> None:
    before, now = entry(make_pipeline()), entry(make_pipeline(kernel_name="renamed"))
    with pytest.raises(UsageError, match=r"duration\[scale\] is undefined, or missing, in this"):
        checked(before, now, alone("duration[scale]: +5%"))
    assert not checked(before, now).failed


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"device": "other GPU"}, "made on GPU, the trace on other GPU"),
        ({"source": "sim"}, "times are from cupti, those of the trace from sim"),
        ({"labels": {"chunks": 8}}, "chunks=nothing, the trace of chunks=8"),
    ],
)
def test_what_can_not_be_compared_is_said(
    change: dict[str, object], words: str, make_pipeline: MakePipeline, entry: Measure
) -> None:
    before, now = entry(make_pipeline()), entry(make_pipeline(**change))
    with pytest.raises(UsageError, match=words):
        checked(before, now)


def test_another_technique_is_unknown(make_pipeline: MakePipeline, entry: Measure) -> None:
    labels = {"technique": "pdl", "variant": "pdl"}
    before, now = entry(make_pipeline()), entry(make_pipeline(labels=labels))
    with pytest.raises(UsageError, match="no entry of the baseline named 'pdl/pdl'"):
        checked(before, now)


def test_a_baseline_chooses_the_entry_of_the_device(
    make_pipeline: MakePipeline, entry: Measure
) -> None:
    entries = [entry(make_pipeline(device=name)) for name in ("small", "large")]
    baseline = Baseline().with_entry(entries[0]).with_entry(entries[1])
    assert len(baseline.entries) == 2
    found: Sequence[Checked] = check(entries, baseline, Rules())
    assert [one.before.identity.devices for one in found] == [("small",), ("large",)]
    assert len(baseline.with_entry(entries[0]).entries) == 2
