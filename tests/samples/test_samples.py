"""What the recorded traces show."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from timeline.analysis import Barriers, LaunchGaps, barriers, launch_gaps, work_of
from timeline.analysis.shows import check_shows
from timeline.report import report, whole
from timeline.techniques import NAMES, technique
from timeline.trace import Trace

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
RECORDED = [name for name in NAMES if (SAMPLES / name).is_dir()]
VARIANTS = [(name, v.name) for name in RECORDED for v in technique(name).variants]
H100 = "NVIDIA H100 80GB HBM3"
SCRIPTS = ("record_cupy", "record_torch")

Recorded = Callable[[str], Mapping[str, Trace]]


def measures(trace: Trace) -> dict[str, Any]:
    """The measures of a trace."""
    return whole(report(trace).to_json())


@pytest.mark.parametrize("name", RECORDED)
def test_it_shows_what_it_must(recorded: Recorded, name: str) -> None:
    results = check_shows(name, recorded(name))
    failed = [(r.check.name, r.value, r.check.least, r.check.most) for r in results if not r.ok]
    assert results
    assert failed == []


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_provenance(recorded: Recorded, name: str, variant: str) -> None:
    meta = recorded(name)[variant].meta
    assert meta.source == "cupti"
    assert meta.dropped == 0
    assert meta.verified >= len(meta.repeats) >= 5
    assert meta.labels["technique"] == name
    assert meta.labels["variant"] == variant
    used = meta.labels.get("devices", technique(name).devices)
    there = len(meta.devices)  # a script's recording lists all GPUs of its machine
    assert there >= used if technique(name).live else there == used
    assert all(device.name.startswith("NVIDIA ") for device in meta.devices)
    known = meta.provenance
    assert {"timeline", "date", "command", "cuda_driver", "cupti", "python"} <= set(known)
    assert {"cupy", "torch"} & set(known)
    assert known["device_state"]["0"]["before"]["driver"]


@pytest.mark.parametrize("variant", ["depth_first", "breadth_first"])
def test_three_way_overlap_is_a_pipeline(recorded: Recorded, variant: str) -> None:
    found = measures(recorded("three_way_overlap")[variant])
    assert found["pipeline_efficiency"] >= 0.95
    assert found["hidden_copy_ratio"] >= 0.9


def test_three_way_overlap_in_one_stream_hides_nothing(recorded: Recorded) -> None:
    assert measures(recorded("three_way_overlap")["serial"])["hidden_copy_ratio"] < 0.05


def gaps(trace: Trace, repeat: int) -> LaunchGaps:
    """Launch gaps of one repeat."""
    return launch_gaps(work_of(trace, 0, repeat=repeat))


def test_stream_order_leaves_gaps_and_pdl_does_not(recorded: Recorded) -> None:
    traces = recorded("pdl")
    for repeat in range(len(traces["pdl"].meta.repeats)):
        plain = gaps(traces["stream_order"], repeat).summary
        dependent = gaps(traces["pdl"], repeat).summary
        assert plain is not None
        assert dependent is not None
        assert plain.min_ns > 0
        assert dependent.median_ns < 0
        assert dependent.negative == traces["pdl"].meta.labels["pairs"]


def cost(trace: Trace, repeat: int) -> Barriers:
    """What the legacy default stream did in one repeat."""
    found = barriers(work_of(trace, 0, repeat=repeat))
    assert found is not None, "the trace can't tell"
    return found


def test_the_barrier_costs_and_non_blocking_streams_pay_nothing(recorded: Recorded) -> None:
    traces = recorded("default_stream_barrier")
    stray_ns = traces["stray_legacy"].meta.labels["stray_us"] * 1000
    for repeat in range(len(traces["stray_legacy"].meta.repeats)):
        assert cost(traces["stray_legacy"], repeat).held_ns > stray_ns
        assert cost(traces["non_blocking"], repeat).held_ns == 0
        assert cost(traces["named_streams"], repeat).held_ns == 0


@pytest.mark.parametrize("script", SCRIPTS)
def test_recorded_scripts_are_whole(script: str) -> None:
    trace = Trace.load(SAMPLES / "scripts" / script)
    assert trace.meta.source == "cupti"
    assert trace.meta.dropped == 0
    assert not trace.meta.notes
    assert trace.meta.provenance["command"].endswith(f"{script}.py")
    engines = {row["engine"] for row in measures(trace)["activities"]}
    assert {"SM", "H2D"} <= engines
    assert {"cudaMemcpyAsync", "cudaLaunchKernel"} <= set(trace.names("calls", "name"))


def test_nvtx_ranges_of_recorded_scripts() -> None:
    chunks = Trace.load(SAMPLES / "scripts" / "record_cupy").names("ranges", "name")
    assert {"pipeline", "work", *(f"chunk {i}" for i in range(8))} <= set(chunks)
    steps = Trace.load(SAMPLES / "scripts" / "record_torch").names("ranges", "name")
    assert {"forward", "backward", *(f"step {i}" for i in range(6))} <= set(steps)
