"""Whether ``timeline check`` can be trusted: false alarms, regressions it finds, and its speed.

Run it as ``python -m benchmarks.check [--draws N] [-o results.json]``:

- false alarms: each recorded sample against itself, its five repeats drawn anew with replacement on
  both sides, ``--draws`` times each;
- regressions: each sample with something made worse, against itself as recorded, whole and in
  draws; the same in each technique's Programs, simulated;
- the rule alone: how often it tells five values from five of the same distribution;
- time and memory of ``timeline check`` on a trace of a million activities.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import why
from benchmarks.regressions import programs, traces
from timeline.backends import RunOptions
from timeline.backends.sim import SimBackend
from timeline.check import Baseline, Entry, Rules, check, entry_of
from timeline.check.measures import MEASURES
from timeline.check.noise import apart, interval
from timeline.check.observed import Values
from timeline.errors import TimelineError
from timeline.samples import recorded, recorded_techniques, samples_folder
from timeline.techniques import NAMES, technique
from timeline.trace import Trace

LIMIT_S, MOST_FALSE = 3.0, 0.005
REPEATS = 5
SIZE = 1_000_000
RULES = Rules()


def entry(trace: Trace) -> Entry:
    return entry_of([trace], "sample", diagnose=False)  # no default threshold is for findings


def failed(before: Entry, now: Entry) -> tuple[str, ...]:
    """Figures that fail."""
    (found,) = check([now], Baseline((before,)), RULES)
    return tuple(str(verdict.name) for verdict in found.failed)


def drawn(found: Entry, rng: np.random.Generator) -> Entry:
    """The entry with its repeats drawn anew, all figures of a repeat together."""
    chosen = rng.integers(REPEATS, size=REPEATS).tolist()
    figures = {
        place: {
            name: Values(tuple(v.values[i] for i in chosen), v.of_ns)
            if len(v.values) == REPEATS
            else v
            for name, v in named.items()
        }
        for place, named in found.figures.items()
    }
    return dataclasses.replace(found, figures=figures)


def of_time(names: Sequence[str]) -> bool:
    """Whether a time or a ratio failed, and not only what was counted."""
    return any(MEASURES[name.partition("[")[0]].unit != "count" for name in names)


def samples() -> Iterator[tuple[str, Trace]]:
    folder = samples_folder()
    assert folder is not None
    for name in recorded_techniques(folder):
        for sample in recorded(folder, name):
            yield f"{name}/{sample.variant}", sample.trace


def false_alarms(draws: int, rng: np.random.Generator) -> dict[str, Any]:
    alarms: dict[str, list[str]] = {}
    checks = 0
    for name, trace in list(samples()):
        found = entry(trace)
        for _ in range(draws):
            checks += 1
            if names := failed(drawn(found, rng), drawn(found, rng)):
                alarms.setdefault(name, []).append(", ".join(names))
    wrong = sum(map(len, alarms.values()))
    return {"draws": checks, "false_alarms": wrong, "share": wrong / checks, "where": alarms}


def in_recordings(draws: int, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    for name, trace in list(samples()):
        before = entry(trace)
        for what, edit in traces.EDITS.items():
            worse = traces.edited(trace, edit)
            if worse is None:
                continue
            now = entry(worse)
            names = failed(before, now)
            hits = sum(bool(failed(drawn(before, rng), drawn(now, rng))) for _ in range(draws))
            rate = hits / draws if draws else None
            yield _row("recorded", name, what, names) | {"found_in_draws": rate}


def in_programs() -> Iterator[dict[str, Any]]:
    backend, options = SimBackend(), RunOptions(verify=False, stamps=False)
    for name in NAMES:
        one = technique(name)
        variant = one.pair[1] if one.pair else one.variants[-1].name
        program = one.program(variant)
        before = entry(backend.run(program, options))
        for what, edit in programs.EDITS.items():
            worse = edit(program)
            if worse is None:
                continue
            try:
                now = entry(backend.run(worse, options))
            except TimelineError as error:
                yield _row("simulated", f"{name}/{variant}", what, ()) | {"refused": str(error)}
            else:
                yield _row("simulated", f"{name}/{variant}", what, failed(before, now))


def _row(how: str, name: str, what: str, names: Sequence[str]) -> dict[str, Any]:
    row = {"how": how, "trace": name, "regression": what, "found": bool(names)}
    return row | {"by_time": of_time(names), "figures": list(names)}


def rule(draws: int, rng: np.random.Generator) -> dict[str, float]:
    """Share of pairs of fives that are told apart upwards, though from the same distribution."""
    shape = (2, draws, REPEATS)
    normal = rng.standard_normal(shape)
    distributions = {
        "normal": normal,
        "lognormal": np.exp(normal),
        "Cauchy": rng.standard_cauchy(shape),
        "one in five in a second mode": normal + 10 * (rng.random(shape) < 0.2),
        "two in five in a second mode": normal + 10 * (rng.random(shape) < 0.4),
    }
    return {name: _told_apart(*found.tolist()) / draws for name, found in distributions.items()}


def _told_apart(before: list[list[float]], now: list[list[float]]) -> int:
    pairs = ((interval(a), interval(b)) for a, b in zip(before, now, strict=True))
    return sum(b.median > a.median and apart(a, b) for a, b in pairs)


def speed() -> dict[str, float]:
    """Of ``timeline check`` in a process of its own, imports and reading included."""
    with tempfile.TemporaryDirectory() as folder:
        place = why.trace(SIZE).save(Path(folder) / "million")
        command = [sys.executable, "-m", "timeline"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        options: dict[str, Any] = {"cwd": folder, "check": True, "capture_output": True}
        subprocess.run([*command, "baseline", str(place)], env=environment, **options)
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([*command, "check", str(place)], env=environment, **options)
        wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"activities": SIZE, "wall_s": wall, "cpu_s": used, "peak_mb": after.ru_maxrss / 1024}


def print_regressions(rows: Sequence[dict[str, Any]]) -> None:
    print(f"{'':12}{'regression':30}{'traces':>8}{'found':>8}{'by a time':>11}{'in draws':>10}")
    for how in ("recorded", "simulated"):
        for what in traces.EDITS:
            mine = [r for r in rows if r["how"] == how and r["regression"] == what]
            mine = [r for r in mine if "refused" not in r]
            found, timed = (sum(r[key] for r in mine) for key in ("found", "by_time"))
            rates = [r["found_in_draws"] for r in mine if r.get("found_in_draws") is not None]
            rate = f"{np.mean(rates):.1%}" if rates else ""
            print(f"{how:12}{what:30}{len(mine):8}{found:8}{timed:11}{rate:>10}")
    for row in rows:
        if not row["found"]:
            why_not = row.get("refused", "not found")
            print(f"  {row['how']} {row['trace']}, {row['regression']}: {why_not}")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--draws", type=int, default=50, help="of each sample")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("-o", "--output", type=Path, help="write the results as JSON")
    args = parser.parse_args(argv)
    rng = np.random.default_rng(args.seed)
    told = rule(20_000, rng)
    for name, share in told.items():
        print(f"five against five, {name}: told apart in {share:.3%}")
    alarms = false_alarms(args.draws, rng)
    print(f"false alarms: {alarms['false_alarms']} of {alarms['draws']} ({alarms['share']:.3%})")
    rows = [*in_recordings(args.draws // 5, rng), *in_programs()]
    print_regressions(rows)
    took = speed()
    print(
        f"timeline check, {SIZE:,} activities: {took['cpu_s']:.2f} s CPU, {took['wall_s']:.2f} s, "
        f"{took['peak_mb']:,.0f} MB"
    )
    if args.output:
        machine = {"machine": platform.machine(), "numpy": np.__version__, "cores": os.cpu_count()}
        found = {"rule": told, "false_alarms": alarms, "regressions": rows, "speed": took}
        args.output.write_text(json.dumps({**machine, **found}, indent=1) + "\n")
    missed = [row for row in rows if not row["found"] and "refused" not in row]
    kept = alarms["share"] < MOST_FALSE and not missed and took["cpu_s"] < LIMIT_S
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
