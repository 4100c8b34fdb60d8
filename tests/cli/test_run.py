"""``timeline run`` and ``timeline demo`` on the simulator."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from timeline.cli import main
from timeline.techniques import NAMES, technique
from timeline.trace import Trace

Captured = pytest.CaptureFixture[str]

NAME = "three_way_overlap"
BASELINE = technique(NAME).variants[0].name
SMALL = ("--set", "total_mib=8", "chunks=8")
SIM = ("--backend", "sim", *SMALL)
DEVICE_KEYS = {
    "device",
    "makespan_ns",
    "bound_ns",
    "pipeline_efficiency",
    "overlap_efficiency",
    "hidden_copy_ratio",
    "exposed_copy_ns",
    "engines",
    "overlaps",
}


def run(out: Path, *more: str) -> int:
    return main(["run", NAME, "-o", str(out), *SIM, *more])


def ran(out: Path, capsys: Captured, *more: str) -> Any:
    assert run(out, "--json", *more) == 0
    return json.loads(capsys.readouterr().out)


def test_all_variants_leave_traces_a_table_and_a_picture(tmp_path: Path, capsys: Captured) -> None:
    assert run(tmp_path) == 0
    captured = capsys.readouterr()
    for variant in technique(NAME).variants:
        trace = Trace.load(tmp_path / NAME / variant.name)
        assert trace.meta.labels["variant"] == variant.name
        assert f" {variant.name} " in captured.out
    drawn = " ".join(ElementTree.parse(tmp_path / f"{NAME}.svg").getroot().itertext())
    assert "simulated" in drawn
    assert str(tmp_path / NAME) in captured.err


def test_json_has_the_report_of_each_variant(tmp_path: Path, capsys: Captured) -> None:
    found = ran(tmp_path, capsys)
    assert found["technique"] == NAME
    assert [v["variant"] for v in found["variants"]] == [v.name for v in technique(NAME).variants]
    for variant in found["variants"]:
        assert variant["source"] == "sim"
        assert variant["trace"] == str(tmp_path / NAME / variant["variant"])
        assert all(d.keys() >= DEVICE_KEYS for d in variant["devices"])


def test_one_variant(tmp_path: Path, capsys: Captured) -> None:
    found = ran(tmp_path, capsys, "--variant", BASELINE)
    assert [v["variant"] for v in found["variants"]] == [BASELINE]
    assert [p.name for p in (tmp_path / NAME).iterdir()] == [BASELINE]


def test_settings_reach_the_program(tmp_path: Path, capsys: Captured) -> None:
    found = ran(tmp_path, capsys, "--variant", BASELINE, "--set", "iters=77")
    assert found["parameters"] == {"total_mib": 8, "chunks": 8, "iters": 77}
    assert Trace.load(tmp_path / NAME / BASELINE).meta.labels["iters"] == 77


def test_repeats_are_recorded(tmp_path: Path) -> None:
    assert run(tmp_path, "--variant", BASELINE, "--repeat", "3") == 0
    assert len(Trace.load(tmp_path / NAME / BASELINE).meta.repeats) == 3


def test_a_trace_is_replaced_only_when_asked(tmp_path: Path, capsys: Captured) -> None:
    assert run(tmp_path, "--variant", BASELINE) == 0
    before = (tmp_path / NAME / BASELINE / "meta.json").read_bytes()
    capsys.readouterr()
    assert run(tmp_path, "--variant", BASELINE) == 2
    err = capsys.readouterr().err
    assert "add --overwrite" in err
    assert err.count("\n") == 1
    assert (tmp_path / NAME / BASELINE / "meta.json").read_bytes() == before
    assert run(tmp_path, "--variant", BASELINE, "--overwrite") == 0


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["run", "three_way"], "did you mean 'three_way_overlap'?"),
        (["run", NAME, "--variant", BASELINE[:-1]], f"did you mean {BASELINE!r}?"),
        (["run", NAME, "--set", "no_such_thing=1"], "no parameter of three_way_overlap named"),
        (["run", NAME, "--set", "chunks"], "expected key=value"),
        (["run", NAME, "--set", "a=1", "a=2"], "--set a is given twice"),
        (["run", NAME, *SIM, "--device", "h2000"], "did you mean"),
        (["run", NAME, "--backend", "cuda", "--device", "h200"], "--device"),
    ],
)
def test_what_does_not_exist_is_answered_before_anything_runs(
    argv: list[str], message: str, tmp_path: Path, capsys: Captured
) -> None:
    assert main([*argv, "-o", str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("timeline: error: ")
    assert message in err
    assert err.count("\n") == 1
    assert not list(tmp_path.rglob("*.parquet"))


def test_without_a_gpu_auto_is_the_simulator_and_says_so(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timeline.backends.choice.why_not_cuda", lambda: "no NVIDIA driver")
    monkeypatch.setattr("timeline.backends.why_not_cuda", lambda: "no NVIDIA driver")
    assert main(["run", NAME, "--variant", BASELINE, *SMALL, "-o", str(tmp_path)]) == 0
    assert "timeline: simulated, not measured: no NVIDIA driver\n" in capsys.readouterr().err


def test_without_a_gpu_cuda_is_an_environment_error(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timeline.backends.choice.why_not_cuda", lambda: "no NVIDIA driver")
    assert main(["run", NAME, "--backend", "cuda", "-o", str(tmp_path)]) == 3
    err = capsys.readouterr().err
    assert "no NVIDIA driver" in err
    assert err.count("\n") == 1


def test_in_a_pipe_stdout_is_json_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "timeline", "run", NAME, "--variant", BASELINE, "--json"]
    done = subprocess.run(
        [*command, *SIM, "-o", str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["technique"] == NAME
    assert "\x1b" not in done.stdout + done.stderr


def test_demo_runs_and_draws_every_technique(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = ("event_wait", "pdl")
    monkeypatch.setattr("timeline.techniques.NAMES", quick)
    assert main(["demo", "-o", str(tmp_path), "--backend", "sim"]) == 0
    captured = capsys.readouterr()
    assert not [name for name in set(NAMES) - set(quick) if (tmp_path / name).exists()]
    for name in quick:
        assert technique(name).title in captured.out
        assert (tmp_path / f"{name}.svg").is_file()
        for variant in technique(name).variants:
            assert (tmp_path / name / variant.name / "meta.json").is_file()
    assert f"timeline app {tmp_path}" in captured.err


def test_demo_as_json(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timeline.techniques.NAMES", ("pdl",))
    assert main(["demo", "-o", str(tmp_path), "--backend", "sim", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["technique"] == "pdl"
    assert Path(found["picture"]).is_file()
