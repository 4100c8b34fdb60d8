"""Everything that needs the GPU, in one go: tests, samples, recorded against simulated.

From the root of the checkout, on a machine with a GPU::

    python benchmarks/gpu_suite.py --out results

``results/`` then holds ``pytest.txt``, ``samples.tar.gz`` (the trace of every variant of every
technique, and of some once more without stamps), ``suite.json`` and ``table.txt``. What fails is
listed; the rest still runs. Techniques for more GPUs than there are here are left out, with a line
that says so; on a machine with several,
``--only p2p_pipeline allreduce_overlap`` records those, and ``--set devices=4`` on all four.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from timeline.analysis import stamp_cost
from timeline.backends import RunOptions, open_backend, why_not_cuda
from timeline.backends.cuda.api import load_api
from timeline.backends.cuda.presence import device_count
from timeline.cli.experiment import settings
from timeline.errors import TimelineError
from timeline.program import Param
from timeline.recording.live import run_variant
from timeline.samples.inside import PLAIN
from timeline.techniques import NAMES, Technique, technique
from timeline.trace import Trace

NO_GPU = 3
STAMPED = ("two_pipelines", "pdl")
"""Recorded once more without stamps, to see what they cost."""

OPTIONS = RunOptions(repeat=5, warmup=2)
PYTEST_S = 240
"""Most time for the tests; a run of the suite should take five minutes at most."""
HEADINGS = (
    "technique", "variant", "recorded µs", "sim µs", "sim/rec", "efficiency", "sim",
    "overlaps recorded", "overlaps sim", "paced", "shows", "sim shows",
)  # fmt: skip

Row = dict[str, Any]


class Suite:
    """Collects rows and failures, and says what it is doing."""

    def __init__(
        self,
        out: Path,
        samples: Path,
        budget_s: float,
        collector: str,
        changes: Mapping[str, str],
    ) -> None:
        self.out = out
        self.changes = changes
        self.gpus = device_count(load_api())
        self.left_out: list[str] = []
        self.samples = samples
        self.collector = collector
        self.rows: list[Row] = []
        self.failures: list[str] = []
        self._start = time.monotonic()
        self._budget_s = budget_s

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._start

    @property
    def late(self) -> bool:
        """Whether the time is used up."""
        return self.seconds > self._budget_s

    def say(self, text: str) -> None:
        """A line of progress."""
        print(f"[{self.seconds:6.1f} s] {text}", flush=True)

    def attempt(self, what: str, do: Callable[[], Any]) -> Any:
        """Do it, or note why that failed."""
        try:
            return do()
        except TimelineError as error:
            self.failures.append(f"{what}: {type(error).__name__}: {error}")
        except Exception:  # one failing step must not take the others along
            self.failures.append(f"{what}: {traceback.format_exc()}")
        self.say(f"FAILED {what}")
        return None


def run_tests(suite: Suite) -> Row:
    """``pytest -m gpu``, its output kept."""
    command = [sys.executable, "-m", "pytest", "-m", "gpu", "-q", "--timeout=100", "tests"]
    with (suite.out / "pytest.txt").open("w") as log:
        try:
            done = subprocess.run(
                command, stdout=log, stderr=subprocess.STDOUT, timeout=PYTEST_S, check=False
            )
            code: int | str = done.returncode
        except subprocess.TimeoutExpired:
            code = f"not done after {PYTEST_S} s"
    lines = (suite.out / "pytest.txt").read_text().strip().splitlines()
    return {"exit_code": code, "summary": lines[-1] if lines else ""}


def run_technique(suite: Suite, name: str) -> None:
    """Record and simulate every variant, then judge them together."""
    found = technique(name)
    values = found.parse({k: v for k, v in suite.changes.items() if k in parameters(found)})
    if found.devices > suite.gpus:
        line = f"{name}: needs {found.devices} GPUs, there {are(suite.gpus)}; left out"
        suite.left_out.append(line)
        suite.say(line)
        return
    recorded: dict[str, Trace] = {}
    simulated: dict[str, Trace] = {}
    rows: list[Row] = []
    for variant in found.variants:
        what = f"{name} {variant.name}"
        if suite.late:
            suite.failures.append(f"{what}: left out, the time is used up")
            continue
        program = found.program(variant.name, **values)
        trace = suite.attempt(what, partial(record, suite, found, variant.name, values))
        model = suite.attempt(f"{what} simulated", partial(open_backend("sim").run, program))
        if trace is not None:
            recorded[variant.name] = trace
            rows.append(suite.attempt(f"{what} measured", partial(row_of, what, trace, model)))
        if model is not None:
            simulated[variant.name] = model
    verdicts = {
        kind: suite.attempt(f"{name} shows ({kind})", partial(shows, name, traces))
        for kind, traces in (("shows", recorded), ("sim_shows", simulated))
    }
    suite.rows += [{**row, **verdicts} for row in rows if row is not None]


def record_plain(suite: Suite, name: str) -> list[Row]:
    """Record a technique's variants once more, right after the first time, without stamps."""
    found = technique(name)
    rows: list[Row] = []
    for variant in found.variants:
        place = Path(name, variant.name)
        if suite.late or not (suite.samples / place).is_dir():
            continue
        backend = open_backend("cuda", collector=suite.collector)
        values = found.parse({k: v for k, v in suite.changes.items() if k in parameters(found)})
        program = found.program(variant.name, **values)
        plain = backend.run(program, replace(OPTIONS, stamps=False))
        plain.save(suite.samples / PLAIN / place)
        for cost in stamp_cost(Trace.load(suite.samples / place), plain):
            rows.append({"variant": str(place), **asdict(cost), "ratio": cost.ratio})
            suite.say(f"stamps of {place}, {cost.kernel}: {cost.ratio:.3f} times the time without")
    return rows


def parameters(found: Technique) -> set[str]:
    """Names of a technique's parameters."""
    return {parameter.name for parameter in found.parameters}


def are(count: int) -> str:
    """``is 1``, ``are 2``."""
    return f"is {count}" if count == 1 else f"are {count}"


def record(suite: Suite, found: Technique, variant: str, values: Mapping[str, Param]) -> Trace:
    """Run on the GPU and keep the trace."""
    backend, place = open_backend("cuda", collector=suite.collector), Path(found.id, variant)
    trace = run_variant(backend, found, variant, values, OPTIONS)
    trace.save(suite.samples / place)
    suite.say(f"{place}: {statistics.median(makespans(trace)) / 1e3:,.1f} µs recorded")
    return trace


def row_of(what: str, trace: Trace, model: Trace | None) -> Row:
    """What was recorded, and what the simulator says of the same Program."""
    name, variant = what.split()
    return {
        "technique": name,
        "variant": variant,
        "recorded": measures(trace),
        "sim": None if model is None else measures(model),
        "paced": trace.meta.paced,
        "source": trace.meta.source,
        "verified": trace.meta.verified,
        "dropped": trace.meta.dropped,
        "notes": list(trace.meta.notes),
        "stamp_clock": trace.meta.provenance.get("stamp_clock"),
    }


def measures(trace: Trace) -> Row:
    """Makespan over all devices (median of the repeats), and the report of each device."""
    from timeline.report import report, whole

    found, spans = report(trace).to_json(), makespans(trace)
    measured = whole(found)
    return {
        "makespan_ns": statistics.median(spans) if spans else 0,
        "makespans_ns": spans,
        "pipeline_efficiency": measured["pipeline_efficiency"],
        "overlaps": {"+".join(o["engines"]): o["ratio"] for o in measured["overlaps"]},
        "together": found["together"],
        "reports": found["devices"],
    }


def makespans(trace: Trace) -> list[int]:
    """First start to last end of the activities of each repeat, ns."""
    start, end = trace.column("activities", "start"), trace.column("activities", "end")
    found = []
    for first, last in trace.meta.repeats:
        inside = (start >= first) & (start <= last)
        if inside.any():
            found.append(int(end[inside].max() - start[inside].min()))
    return found


def shows(name: str, traces: Mapping[str, Trace]) -> list[Row]:
    """What the traces must show, according to the technique, and whether they do."""
    from timeline.analysis.shows import check_shows

    return [
        {
            "check": result.check.name,
            "value": result.value,
            "least": result.check.least,
            "most": result.check.most,
            "ok": bool(result.ok),
        }
        for result in check_shows(name, traces)
    ]


def verdict(results: list[Row] | None) -> str:
    """``holds``, or the checks that fail with what was found."""
    if results is None:
        return "not judged"
    failed = [f"{r['check']}={r['value']:.4g}" for r in results if not r["ok"]]
    return "FAILS " + ", ".join(failed) if failed else "holds"


def table_text(rows: list[Row]) -> str:
    """The rows as text."""
    lines = [HEADINGS, *(cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def cells(row: Row) -> tuple[str, ...]:
    """One row of the table."""
    recorded, sim = row["recorded"], row["sim"] or {}
    ratio = sim.get("makespan_ns", 0) / (recorded["makespan_ns"] or 1)
    return (
        row["technique"],
        row["variant"],
        f"{recorded['makespan_ns'] / 1e3:,.1f}",
        f"{sim.get('makespan_ns', 0) / 1e3:,.1f}",
        f"{ratio:.3f}",
        number(recorded["pipeline_efficiency"]),
        number(sim.get("pipeline_efficiency")),
        overlaps(recorded),
        overlaps(sim),
        row["paced"],
        verdict(row["shows"]),
        verdict(row["sim_shows"]),
    )


def number(value: float | None) -> str:
    """A ratio, or a dash where there is none."""
    return "-" if value is None else f"{value:.3f}"


def overlaps(measured: Row) -> str:
    """Every pair's ratio, of engines that were busy."""
    pairs = {k: v for k, v in measured.get("overlaps", {}).items() if v is not None}
    return " ".join(f"{name}={number(value)}" for name, value in pairs.items()) or "-"


def pack(suite: Suite) -> None:
    """All samples in one archive."""
    with tarfile.open(suite.out / "samples.tar.gz", "w:gz") as archive:
        archive.add(suite.samples, arcname="samples")


def main() -> int:
    """Run the suite; 0 when nothing failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out/gpu-suite"))
    parser.add_argument("--budget-s", type=float, default=280.0, help="stop recording after this")
    parser.add_argument("--collector", default="auto", choices=("auto", "cupti", "events"))
    parser.add_argument("--only", nargs="*", choices=NAMES, default=list(NAMES))
    parser.add_argument("--no-tests", action="store_true")
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="KEY=VALUE", help="parameters, where they exist"
    )
    arguments = parser.parse_args()
    reason = why_not_cuda()
    if reason:
        print(f"no GPU: {reason}")
        return NO_GPU
    arguments.out.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="gpu-suite-"))
    suite = Suite(
        arguments.out,
        folder / "samples",
        arguments.budget_s,
        arguments.collector,
        settings(arguments.set),
    )
    try:
        return run(suite, arguments.only, tests=not arguments.no_tests)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(suite: Suite, names: list[str], *, tests: bool) -> int:
    """Samples first, as they are what the time is for; then the tests."""
    for name in names:
        suite.attempt(name, partial(run_technique, suite, name))
    costs = [
        row
        for name in STAMPED
        if name in names
        for row in suite.attempt(f"{name} without stamps", partial(record_plain, suite, name)) or []
    ]
    if suite.samples.is_dir():
        suite.attempt("samples.tar.gz", partial(pack, suite))
    suite.say("pytest -m gpu" if tests else "no tests")
    tested = suite.attempt("pytest", partial(run_tests, suite)) if tests else None
    text = table_text(suite.rows)
    (suite.out / "table.txt").write_text(text + "\n")
    result = {
        "tests": tested,
        "gpus": suite.gpus,
        "left_out": suite.left_out,
        "rows": suite.rows,
        "stamp_cost": costs,
        "failures": suite.failures,
    }
    (suite.out / "suite.json").write_text(json.dumps(result, indent=1, default=str) + "\n")
    print("\n" + text)
    print("", *suite.left_out, f"tests: {tested}", sep="\n")
    print(f"{len(suite.failures)} failures after {suite.seconds:.0f} s", *suite.failures, sep="\n")
    return 1 if suite.failures or (tested and tested["exit_code"] != 0) else 0


if __name__ == "__main__":
    sys.exit(main())
