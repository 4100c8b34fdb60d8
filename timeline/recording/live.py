"""Techniques of other libraries, recorded from a script in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import timeline
from timeline.backends import Backend, RunOptions
from timeline.backends.cuda.api import load_api
from timeline.backends.cuda.provenance import device_state, states
from timeline.backends.cuda.windows import Window, cut
from timeline.errors import MissingExtraError, ProgramError, VerificationError
from timeline.program import Param
from timeline.techniques import Technique
from timeline.trace import Trace
from timeline.trace.clock import shift

__all__ = ["missing", "run_variant"]

TIMEOUT_S = 300.0


def missing(technique: Technique) -> MissingExtraError | None:
    """What the script of a technique lacks here; None when it has all, or there is no script."""
    live = technique.live
    if live is None or any(importlib.util.find_spec(name) for name in live.packages):
        return None
    return MissingExtraError(live.packages[0], live.extra)


def run_variant(
    backend: Backend,
    technique: Technique,
    variant: str,
    parameters: Mapping[str, Param],
    options: RunOptions,
) -> Trace:
    """Run a variant: its Program, or on a GPU the technique's script where it has one.

    Raises
    ------
    MissingExtraError
        When the script's library is not installed.
    """
    program = technique.program(variant, **parameters)
    if technique.live is None or backend.name != "cuda":
        return backend.run(program, options)
    lacking = missing(technique)
    if lacking is not None:
        raise lacking
    return record_script(technique, variant, program.labels, options)


def record_script(
    technique: Technique, variant: str, labels: Mapping[str, Param], options: RunOptions
) -> Trace:
    """Record the script of a technique, and cut the trace down to the repeats.

    Raises
    ------
    VerificationError
        When an output was not the known answer.
    ProgramError
        When the script failed otherwise.
    """
    live = technique.live
    assert live is not None
    with tempfile.TemporaryDirectory(prefix="timeline-live-") as folder:
        out, facts = Path(folder, "trace"), Path(folder, "facts.json")
        module = f"timeline.live.{live.script}"
        values = [f"{p.name}={labels[p.name]}" for p in technique.parameters]
        arguments = ["--variant", variant, "--repeat", str(options.repeat)]
        arguments += ["--warmup", str(options.warmup), "--facts", str(facts), *values]
        command = ["record", "-o", str(out), "-m", module, *arguments]
        before = _device_states(technique.devices)
        _start(command, live.environment.get(variant))
        after = _device_states(technique.devices)
        found = json.loads(facts.read_text())
        found["versions"]["device_state"] = states(before, after)
        return _of_repeats(Trace.load(out), labels, found)


def _device_states(devices: int) -> dict[int, Any]:
    """Clocks, temperature and power of the devices."""
    api = load_api()
    api.check(api.driver.cuInit(0), "cuInit")
    return {device: device_state(api, device) for device in range(devices)}


def _start(arguments: Sequence[str], environment: Mapping[str, str] | None) -> None:
    """``python -m timeline`` in a process of its own, which imports this very package."""
    home = str(Path(timeline.__file__).parents[1])
    path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    variables = {**os.environ, "PYTHONPATH": path, **(environment or {})}
    command = [sys.executable, "-m", "timeline", *arguments]
    try:
        done = subprocess.run(
            command, env=variables, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise ProgramError(f"{arguments[4]} was not done after {TIMEOUT_S:g} s") from None
    if done.returncode:
        told = done.stderr.splitlines()
        lines = [line for line in told if not line.startswith("timeline: wrote")]
        why = lines[-1] if lines else f"exit code {done.returncode}"
        kind = VerificationError if "known answer" in why else ProgramError
        raise kind(f"{arguments[4]}: {why}")


def _of_repeats(trace: Trace, labels: Mapping[str, Param], facts: Mapping[str, Any]) -> Trace:
    """What belongs to the ranges of category ``repeat``, from the first one's start on."""
    ranges = trace.tables["ranges"].to_pylist()
    spans = sorted((r["start"], r["end"]) for r in ranges if r["category"] == "repeat")
    if not spans:
        raise ProgramError("the script left no range of a repeat; is NVTX_DISABLE set?")
    windows = [Window(start, end, end) for start, end in spans]
    zero = spans[0][0]
    tables = {**trace.tables, **cut(trace.tables, windows)}
    meta = trace.meta
    return Trace.from_tables(meta, shift(tables, -zero)).replace(
        epoch_ns=meta.epoch_ns + zero,
        labels=dict(labels),
        repeats=tuple((start - zero, end - zero) for start, end in spans),
        paced="host",
        verified=facts["verified"],
        provenance={**meta.provenance, **facts["versions"]},
    )
