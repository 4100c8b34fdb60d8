"""Each fix on a simulated baseline, beside the simulated variant that has it."""

from collections.abc import Callable

import pytest

from timeline.analysis.windows import makespans_ns
from timeline.backends.base import RunOptions
from timeline.backends.sim import SimBackend
from timeline.backends.sim.devices import load_device
from timeline.errors import UsageError
from timeline.techniques import technique
from timeline.trace import Trace
from timeline.whatif import FIXES, predict, rank

Simulated = Callable[..., Trace]

PAIRS = (
    ("pinned_vs_pageable", "pageable", "pinned", "pin_copies", 0.05),
    ("default_stream_barrier", "stray_legacy", "non_blocking", "named_streams", 0.01),
    ("event_wait", "device_synchronize", "event", "events_for_syncs", 0.01),
    ("event_wait", "stream_synchronize", "event", "events_for_syncs", 0.01),
    ("stream_ordered_alloc", "malloc_free", "async_max", "async_alloc", 0.05),
    ("variable_scratch", "blocking", "stream_ordered", "async_alloc", 0.15),
    ("three_way_overlap", "serial", "depth_first", "split_streams:4", 0.05),
    ("multistream_warp_specialized", "one_stream", "three_streams", "split_streams:3", 0.15),
    ("saturation", "bandwidth_alone", "bandwidth_together", "split_streams:2", 0.05),
    ("graph_capture", "stream_launches", "graph", "capture_graph", 0.05),
    ("pdl", "stream_order", "pdl", "enable_pdl", 0.01),
    ("allreduce_overlap", "after_backward", "per_layer", "overlap_communication", 0.1),
)


@pytest.mark.parametrize(("name", "before", "after", "fix", "within"), PAIRS)
def test_a_fix_predicts_the_simulated_variant(
    simulated: Simulated, name: str, before: str, after: str, fix: str, within: float
) -> None:
    found = predict(simulated(name, before), [fix])
    (measured,) = makespans_ns(simulated(name, after))
    assert found.applied == (fix,)
    assert found.replayed_ns == found.recorded_ns
    assert found.predicted_ns == pytest.approx(measured, rel=within)
    assert found.bound_ns <= found.predicted_ns
    assert found.trace.meta.source == "what-if"
    assert makespans_ns(found.trace) == [found.predicted_ns]


@pytest.mark.parametrize(
    ("pieces", "streams", "within"), [(2, 2, 0.01), (4, 2, 0.01), (4, 4, 0.05)]
)
def test_chunks_predict_the_simulated_variant(pieces: int, streams: int, within: float) -> None:
    options = RunOptions(repeat=1, warmup=0, verify=False)
    backend, overlap = SimBackend("h200"), technique("three_way_overlap")
    baseline = backend.run(overlap.program("serial", chunks=16), options)
    variant = overlap.program("depth_first", chunks=16 * pieces, streams=streams)
    (measured,) = makespans_ns(backend.run(variant, options))
    found = predict(baseline, [f"chunk:{pieces}:{streams}"])
    assert found.predicted_ns == pytest.approx(measured, rel=within)
    moved, all_at_once = (t.column("activities", "bytes") for t in (found.trace, baseline))
    assert moved[moved > 0].sum() == all_at_once[all_at_once > 0].sum()


def test_one_copy_engine_becomes_two() -> None:
    options = RunOptions(repeat=1, warmup=0, verify=False)
    program = technique("three_way_overlap").program("depth_first", iters=64)
    laptop = load_device("laptop")
    found = predict(SimBackend(laptop).run(program, options), ["second_copy_engine"])
    two = SimBackend(laptop.replace(copy={"engines": 2}))
    (measured,) = makespans_ns(two.run(program, options))
    assert found.applied
    assert found.predicted_ns == pytest.approx(measured, rel=0.05)
    assert found.gain_ns > 0.2 * found.replayed_ns


def test_another_device_moves_copies_at_its_own_rate(simulated: Simulated) -> None:
    trace = simulated("three_way_overlap", "serial")
    found = predict(trace, ["other_device:a100:arithmetic"])
    options = RunOptions(repeat=1, warmup=0, verify=False)
    program = technique("three_way_overlap").program("serial")
    (measured,) = makespans_ns(SimBackend("a100").run(program, options))
    assert found.predicted_ns == pytest.approx(measured, rel=0.1)


def test_a_recording_of_waiting_kernels_may_be_told_so(simulated: Simulated) -> None:
    """Kernels that only wait run side by side at full pace; one stream can't show it."""
    trace = simulated("five_kernels", "one_stream")
    (measured,) = makespans_ns(simulated("five_kernels", "two_streams"))
    assert measured is not None
    cautious = predict(trace, ["split_streams:2"])
    assert cautious.predicted_ns > 1.5 * measured
    assert cautious.otherwise_ns == pytest.approx(measured, rel=0.01)
    told = predict(trace, ["split_streams:2"], free=True)
    assert told.predicted_ns == cautious.otherwise_ns
    assert told.otherwise_ns is None


def test_without_fixes_the_prediction_is_the_replay(simulated: Simulated) -> None:
    found = predict(simulated("event_wait", "event"), [])
    assert found.applied == ()
    assert found.gain_ns == 0
    assert found.predicted_ns == found.recorded_ns


def test_a_fix_with_nothing_to_fix_says_so(simulated: Simulated) -> None:
    found = predict(simulated("event_wait", "event"), ["pin_copies"])
    assert found.fixes == ("pin_copies",)
    assert found.applied == ()
    assert found.gain_ns == 0


def test_the_ranking_puts_the_largest_gain_first(simulated: Simulated) -> None:
    found = rank(simulated("pinned_vs_pageable", "pageable"))
    assert found[0].fixes == ("pin_copies",)
    gains = [one.gain_ns for one in found]
    assert gains == sorted(gains, reverse=True)
    assert all(one.applied == one.fixes for one in found)


@pytest.mark.parametrize("factor", [1.25, 2])
def test_faster_kernels_shorten_a_chain_of_them(simulated: Simulated, factor: float) -> None:
    """Up to where the host, which works in between, becomes the limit."""
    trace = simulated("five_kernels", "one_stream")
    busy = predict(trace, [f"faster:SM:{factor}"])
    kernels = sum(
        end - start
        for start, end, engine in zip(
            *(trace.activities[name].to_pylist() for name in ("start", "end", "engine")),
            strict=True,
        )
        if engine == "SM"
    )
    saved = kernels * (1 - 1 / factor)
    assert busy.gain_ns == pytest.approx(saved, rel=0.001)


@pytest.mark.parametrize(
    ("fixes", "message"),
    [
        (["pin_copys"], "did you mean"),
        (["faster"], "needs a value: name"),
        (["faster:x:fast"], "'fast' is no number"),
        (["faster:x:0"], "at least"),
        (["pin_copies:3"], "takes 0 values"),
        (["events_for_syncs:some"], "one of last, all"),
    ],
)
def test_wrong_fixes_are_refused(simulated: Simulated, fixes: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        predict(simulated("event_wait", "device_synchronize"), fixes)


def test_every_fix_is_described() -> None:
    for name, fix in FIXES.items():
        assert fix.name == name
        assert fix.title
        assert fix.description.endswith(".")
        assert fix.ranked == all(parameter.default for parameter in fix.parameters)
