"""Techniques of other libraries: where their scripts run, and what becomes of the recording."""

from __future__ import annotations

import argparse
import ast
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

import timeline
from timeline.backends.base import RunOptions
from timeline.backends.sim import SimBackend
from timeline.cli import backend as cli_backend
from timeline.errors import MissingExtraError, ProgramError, VerificationError
from timeline.live.repeats import Session
from timeline.program import Program
from timeline.recording import live
from timeline.techniques import NAMES, technique
from timeline.trace import Meta, Trace, table

LIVE = [name for name in NAMES if technique(name).live is not None]
SCRIPTS = Path(timeline.__file__).parent / "live"


class Gpu:
    """A backend under the name of the real one."""

    name = "cuda"

    def run(self, program: Program, options: RunOptions = RunOptions()) -> Trace:
        return SimBackend().run(program, options)


@pytest.mark.parametrize("name", LIVE)
def test_scripts_and_programs_have_the_same_parameters(name: str) -> None:
    found = technique(name)
    assert found.live is not None
    tree = ast.parse((SCRIPTS / f"{found.live.script}.py").read_text(encoding="utf-8"))
    (call,) = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "session"
    )
    assert ast.literal_eval(call.args[0]) == {p.name: p.default for p in found.parameters}
    words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert {v.name for v in found.variants} & words, "it asks for a variant"
    assert set(found.live.environment) <= {v.name for v in found.variants}


def test_without_the_library_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("timeline.recording.live.importlib.util.find_spec", lambda _: None)
    found = technique("torch_dataloader")
    with pytest.raises(MissingExtraError, match=r"torch is not .* 'cuda-timeline\[torch\]'"):
        live.run_variant(Gpu(), found, "pinned", {}, RunOptions())
    simulated = live.run_variant(SimBackend(), found, "pinned", {"batch_mib": 1}, RunOptions())
    assert simulated.meta.source == "sim"
    assert simulated.meta.verified == 6


@pytest.mark.parametrize(
    ("name", "gpus", "reason"),
    [
        ("torch_dataloader", 1, "torch is not installed; run: pip install"),
        ("p2p_pipeline", 1, "2 GPUs are needed, the driver sees 1"),
        ("p2p_pipeline", 2, None),
        ("event_wait", 1, None),
    ],
)
def test_auto_simulates_what_this_machine_lacks(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    gpus: int,
    reason: str | None,
) -> None:
    def why_not(devices: int) -> str | None:
        return f"{devices} GPUs are needed, the driver sees {gpus}" if devices > gpus else None

    monkeypatch.setattr("timeline.backends.why_not_cuda", why_not)
    monkeypatch.setattr("timeline.recording.live.importlib.util.find_spec", lambda _: None)
    found = technique(name)
    args = argparse.Namespace(backend="auto", device=None)
    chosen = cli_backend.suited(args, Gpu(), found, found.devices)
    assert chosen.name == ("cuda" if reason is None else "sim")
    told = capsys.readouterr().err
    assert (reason or "") in told
    assert bool(told) == (reason is not None)
    forced = argparse.Namespace(backend="cuda", device=None)
    assert cli_backend.suited(forced, Gpu(), found, found.devices).name == "cuda"


def script_trace() -> Trace:
    """A warm-up, two repeats, and work between them."""
    activities: dict[str, list[Any]] = {
        "kind": ["kernel"] * 4,
        "name": ["warm", "one", "between", "two"],
        "engine": ["SM"] * 4,
        "device": [0] * 4,
        "stream": [7] * 4,
        "start": [10, 120, 160, 220],
        "end": [20, 130, 165, 230],
        "correlation": [1, 2, 3, 4],
    }
    ranges: dict[str, list[Any]] = {
        "name": ["repeat 1", "repeat 0", "batch"],
        "category": ["repeat", "repeat", "batch"],
        "start": [200, 100, 110],
        "end": [250, 150, 140],
    }
    calls: dict[str, list[Any]] = {
        "name": ["cudaLaunchKernel"] * 4,
        "start": [5, 105, 155, 205],
        "end": [6, 106, 156, 206],
        "correlation": [1, 2, 3, 4],
    }
    made: dict[str, dict[str, list[Any]]] = {
        "activities": activities,
        "ranges": ranges,
        "calls": calls,
    }
    return Trace.from_tables(
        Meta("cupti", epoch_ns=1000, provenance={"cupti": "13.0"}),
        {name: table(name, columns, len(columns["start"])) for name, columns in made.items()},
    )


def started(monkeypatch: pytest.MonkeyPatch, code: int, said: str = "") -> list[dict[str, Any]]:
    """Stand for the process: it leaves a trace and facts, and says something."""
    seen: list[dict[str, Any]] = []
    states = iter(({0: {"driver": "580.1"}}, {0: {"driver": "580.1", "sm_clock_mhz": 1980}}))
    monkeypatch.setattr("timeline.recording.live._device_states", lambda _: next(states))

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        seen.append({"command": command, **options})
        script_trace().save(Path(command[command.index("-o") + 1]))
        facts = {"verified": 2, "versions": {"torch": "2.11.0"}}
        Path(command[command.index("--facts") + 1]).write_text(json.dumps(facts))
        return subprocess.CompletedProcess(command, code, "", said)

    monkeypatch.setattr("timeline.recording.live.subprocess.run", run)
    monkeypatch.setattr("timeline.recording.live.importlib.util.find_spec", lambda _: object())
    return seen


def test_a_recorded_script_becomes_a_trace_with_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = started(monkeypatch, 0)
    options = RunOptions(repeat=2, warmup=1)
    trace = live.run_variant(
        Gpu(), technique("torch_allocator"), "cuda_malloc_async", {"grow_mib": 8}, options
    )
    command, environment = seen[0]["command"], seen[0]["env"]
    assert command[command.index("-m", 3) + 1] == "timeline.live.torch_allocator"
    assert {"grow_mib=8", "scratch_mib=32", "batches=10"} <= set(command)
    assert command[command.index("--repeat") + 1] == "2"
    assert environment["PYTORCH_ALLOC_CONF"] == "backend:cudaMallocAsync"
    assert environment["PYTHONPATH"].split(":")[0] == str(SCRIPTS.parents[1])
    assert trace.meta.repeats == ((0, 50), (100, 150))
    assert trace.activities["name"].to_pylist() == ["one", "two"]
    assert trace.activities["start"].to_pylist() == [20, 120]
    assert trace.calls["start"].to_pylist() == [5, 105]
    assert trace.meta.epoch_ns == 1100
    assert trace.meta.verified == 2
    assert trace.meta.paced == "host"
    state = trace.meta.provenance["device_state"]["0"]
    assert state == {
        "before": {"driver": "580.1"},
        "after": {"driver": "580.1", "sm_clock_mhz": 1980},
    }
    assert (trace.meta.provenance["cupti"], trace.meta.provenance["torch"]) == ("13.0", "2.11.0")
    assert trace.meta.labels["technique"] == "torch_allocator"
    assert trace.meta.labels["grow_mib"] == 8


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("torch_dataloader: the sum is not the known answer\n", VerificationError),
        ("Traceback\nRuntimeError: CUDA out of memory\ntimeline: wrote x: 1\n", ProgramError),
        ("", ProgramError),
    ],
)
def test_a_script_that_fails_is_one_line(
    monkeypatch: pytest.MonkeyPatch, said: str, error: type[Exception]
) -> None:
    started(monkeypatch, 1, said)
    wanted = (said.replace("timeline: wrote x: 1\n", "").strip() or "exit code 1").splitlines()[-1]
    with pytest.raises(error, match=f"timeline.live.torch_dataloader: {wanted}"):
        live.run_variant(Gpu(), technique("torch_dataloader"), "pinned", {}, RunOptions())


def test_a_session_checks_every_run_and_says_what_held(tmp_path: Path) -> None:
    steps: list[str] = []
    arguments = argparse.Namespace(variant="v", warmup=1, repeat=2, facts=tmp_path / "facts.json")
    run = Session(arguments, {})
    run.versions["torch"] = "2.11"
    run.run(lambda: steps.append("o"), lambda: steps.append("p"), lambda: steps.append("c"))
    assert "".join(steps) == "poc" * 3
    assert json.loads((tmp_path / "facts.json").read_text()) == {
        "verified": 2,
        "versions": {"torch": "2.11"},
    }
