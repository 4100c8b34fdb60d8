"""Writes the tables of ``docs/simulator.md``: the simulator beside every recording in ``samples/``.

Behind them stands how far off each fitted quantity is. Run it as ``python
tools/simulator_page.py``; ``--check`` only says whether the page is current.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

from timeline.analysis import bound, communication, devices, together, work_of
from timeline.backends.base import RunOptions
from timeline.backends.sim import SimBackend
from timeline.backends.sim.device_model import DeviceModel, Provenance
from timeline.backends.sim.devices import devices as described
from timeline.backends.sim.devices import load_device
from timeline.report import whole
from timeline.report.units import ratio_text, time_text
from timeline.samples import Sample, recorded, recorded_techniques, table
from timeline.samples.totals import Totals, totals
from timeline.techniques import Technique, technique
from timeline.trace import Trace

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "samples"
PAGE = ROOT / "docs" / "simulator.md"
BEGIN, END = "<!-- tools/simulator_page.py -->", "<!-- end -->"

COUNTED_SHARE = 0.02
"""An overlap counts when each of its engines was busy for this share of the makespan."""

MAKESPAN, OVERLAP = 0.10, 0.10
"""By how much the simulator may miss a makespan, relative to it, and an overlap ratio."""

REASONS: Mapping[tuple[str, str], str] = {
    ("cluster_pipeline", "cooperative"): (
        "which copies meet depends on how far the two streams are apart, and five repeats of it "
        "differ from 0.23 to 0.36; the simulator's streams keep their distance"
    ),
    ("per_thread_default_stream", "legacy_sync"): (
        "four Python threads take turns at the interpreter's lock between their calls; the "
        "simulator's run side by side"
    ),
}
"""Why the simulator is further off than that, where it is."""

RING_BEGIN = "<!-- tools/simulator_page.py: four devices -->"

RINGS: Mapping[str, Mapping[str, int]] = {
    "allreduce_overlap": {"devices": 4},
    "p2p_pipeline": {"devices": 4, "batches": 32},
}
RING_DEVICES = ("h100", "h200")

RING_HEADINGS = (
    "technique",
    "variant",
    "device",
    "makespan",
    "bound",
    "pipeline efficiency",
    "hidden communication ratio",
)

HEADINGS = (
    "technique",
    "variant",
    "GPU",
    "recording",
    "recorded",
    "simulated",
    "ratio",
    "overlap ratios recorded → simulated",
)

SUMMARY = (
    "GPU",
    "recordings",
    "number",
    "makespan: median error",
    "worst",
    "overlap: median error",
)

RESIDUALS = (
    "quantity",
    "value",
    "recordings",
    "observations",
    "median error",
    "95th percentile",
    "held out: observations",
    "median error",
    "95th percentile",
)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Overlap ratios of some engines; ``counts`` is false when one was hardly busy."""

    engines: tuple[str, ...]
    recorded: float
    simulated: float | None
    counts: bool

    def __str__(self) -> str:
        ratios = f"{self.recorded:.3f} → {ratio_text(self.simulated)}"
        text = f"{' ∩ '.join(self.engines)} {ratios}"
        return text if self.counts else f"({text})"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A recorded variant and its simulation on the described device of the same GPU."""

    sample: Sample
    simulated: Totals
    calibration: Provenance

    @property
    def ratio(self) -> float:
        """Simulated makespan / recorded makespan, the latter of the median repeat."""
        return self.simulated.makespan_ns / self.sample.totals.makespan_ns

    @property
    def key(self) -> tuple[str, str]:
        """Technique and variant."""
        return self.sample.technique, self.sample.variant

    @property
    def role(self) -> str:
        """What the recording was to the device's file."""
        name = "/".join(self.key)
        if name in self.calibration.held_out:
            return "held out"
        return "fitted" if name in self.calibration.recordings else "later"

    @property
    def misses(self) -> list[float]:
        """By how much each overlap ratio that counts is missed."""
        counted = (each for each in self.overlaps if each.counts)
        return [abs((each.simulated or 0.0) - each.recorded) for each in counted]

    @property
    def is_off(self) -> bool:
        """Whether it is further off than the limits allow."""
        return abs(self.ratio - 1) > MAKESPAN or max(self.misses, default=0.0) > OVERLAP

    @property
    def overlaps(self) -> Iterator[Overlap]:
        """Overlaps of engines of one device that were all busy in the recording."""
        measured, model = (
            whole(run.report.to_json()) for run in (self.sample.totals, self.simulated)
        )
        simulated = {tuple(o["engines"]): o["ratio"] for o in model["overlaps"]}
        for found in measured["overlaps"]:
            engines = tuple(found["engines"])
            if found["ratio"] is not None:
                busy = [measured["engines"][engine]["busy_ratio"] for engine in engines]
                counts = min(busy) >= COUNTED_SHARE
                yield Overlap(engines, found["ratio"], simulated.get(engines), counts)


def comparisons(samples: Path) -> Iterator[Comparison]:
    """Every recorded variant, simulated with the parameters that its recording names.

    Those of a GPU that no device file describes are left out.
    """
    for name in recorded_techniques(samples):
        found = technique(name)
        for sample in recorded(samples, name):
            if (model := machine(sample.trace.meta.devices[0].name)) is not None:
                program = found.program(sample.variant, **settings(found, sample.trace))
                trace = SimBackend(model).run(program, RunOptions(repeat=1, verify=False))
                yield Comparison(sample, totals(trace), model.calibration)


def settings(found: Technique, trace: Trace) -> dict[str, Any]:
    """The technique's parameters with which a trace was recorded."""
    names = {parameter.name for parameter in found.parameters}
    return {key: value for key, value in trace.meta.labels.items() if key in names}


def machine(gpu: str) -> DeviceModel | None:
    """The described device of a GPU; None where no file describes it.

    Parameters
    ----------
    gpu : str
        The driver's name, such as ``NVIDIA H200``.
    """
    words = re.split(r"\W+", gpu.lower())
    name = next((n for n in described() if n in words), None)
    return None if name is None else load_device(name)


def tables(samples: Path) -> str:
    """All comparisons as Markdown tables, the reasons for the worst, and the residuals."""
    found = list(comparisons(samples))
    made = [table(SUMMARY, summary(found)), table(HEADINGS, map(_row, found)), reasons(found)]
    if left_out := list(undescribed(samples)):
        made.append(f"Without a device file for the simulator: {', '.join(left_out)}.\n")
    fits = sorted((samples / "calibration").glob("*_fit.json"))
    made += [residuals(json.loads(fit.read_text(encoding="utf-8"))) for fit in fits]
    return "\n".join(filter(None, made))


def summary(found: Sequence[Comparison]) -> Iterator[Sequence[str]]:
    """Errors by GPU, and by what the recordings were to its file."""
    groups: dict[tuple[str, str], list[Comparison]] = {}
    for each in found:
        groups.setdefault((_gpu(each), "all"), []).append(each)
        groups.setdefault((_gpu(each), each.role), []).append(each)
    for (gpu, role), members in sorted(groups.items()):
        errors = [abs(each.ratio - 1) for each in members]
        misses = [miss for each in members for miss in each.misses]
        yield (
            gpu,
            role,
            str(len(members)),
            f"{median(errors):.1%}",
            f"{max(errors):.1%}",
            f"{median(misses):.3f}" if misses else "",
        )


def reasons(found: Sequence[Comparison]) -> str:
    """Why the worst are so far off."""
    lines = [
        f"- {' '.join(each.key)} ({_gpu(each)}, {each.ratio:.3f}): {reason}."
        for each in found
        if each.is_off and (reason := REASONS.get(each.key))
    ]
    if not lines:
        return ""
    head = f"Further off than {MAKESPAN:.0%} of the makespan or {OVERLAP:g} of an overlap ratio:"
    return "\n".join([head, "", *lines, ""])


def residuals(fit: Mapping[str, Any]) -> str:
    """The quantities that recordings told, with their errors."""
    rows = [_residual_row(each) for each in fit["quantities"] if each["fitted"]]
    names = ", ".join(fit["probes"])
    text = (
        f"{fit['gpu']}: {len(fit['recordings'])} recordings fitted, {len(fit['held_out'])} held "
        f"out ({fit['rule']}); probes: {names}.\n"
    )
    return f"{text}\n{table(RESIDUALS, rows)}"


def _residual_row(each: Mapping[str, Any]) -> Sequence[str]:
    value = each["value"]
    return (
        f"`{each['place']}`",
        f"{len(value)} sizes" if isinstance(value, list) else f"{value:,}",
        str(each["recordings"]),
        *_error_cells(each["fitted"]),
        *_error_cells(each["held_out"]),
    )


def _error_cells(error: Mapping[str, Any] | None) -> Sequence[str]:
    if error is None:
        return ("", "", "")
    return f"{error['observations']:,}", f"{error['median']:.1%}", f"{error['p95']:.0%}"


def _gpu(found: Comparison) -> str:
    return found.sample.gpus.replace("NVIDIA ", "")


def rings() -> Iterator[Sequence[str]]:
    """Figures over all of four devices, which no recording shows so far."""
    for name, model in product(RINGS, RING_DEVICES):
        found = technique(name)
        for variant in found.variants:
            program = found.program(variant.name, **RINGS[name])
            trace = SimBackend(model).run(program, RunOptions(repeat=1, verify=False))
            works = [work_of(trace, device, repeat=0) for device in devices(trace)]
            talks = [communication(work) for work in works]
            over = together(works, [bound(work) for work in works], talks)
            assert over is not None
            yield (
                " ".join([name, *(f"{key}={value}" for key, value in RINGS[name].items())]),
                variant.name,
                model,
                time_text(over.makespan_ns),
                time_text(over.bound_ns),
                ratio_text(over.pipeline_efficiency),
                ratio_text(over.hidden_communication_ratio),
            )


def undescribed(samples: Path) -> Iterator[str]:
    """Recorded techniques of GPUs that no device file describes."""
    for name in recorded_techniques(samples):
        for gpu in dict.fromkeys(s.trace.meta.devices[0].name for s in recorded(samples, name)):
            if machine(gpu) is None:
                yield f"{name} ({gpu})"


def _row(found: Comparison) -> Sequence[str]:
    return (
        found.sample.technique,
        found.sample.variant,
        _gpu(found),
        found.role,
        time_text(found.sample.totals.makespan_ns),
        time_text(found.simulated.makespan_ns),
        f"{found.ratio:.3f}",
        ", ".join(map(str, found.overlaps)),
    )


def page(text: str, samples: Path) -> str:
    """The page with its tables made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    made = f"{before}{BEGIN}\n\n{tables(samples)}\n{END}{after}"
    before, _, rest = made.partition(RING_BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{RING_BEGIN}\n\n{table(RING_HEADINGS, rings())}\n{END}{after}"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the tables, or check them; 1 when they are out of date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("samples", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args(argv)
    current = PAGE.read_text(encoding="utf-8")
    text = page(current, args.samples)
    if args.check:
        if text != current:
            print(f"{PAGE} is out of date: python tools/simulator_page.py", file=sys.stderr)
        return int(text != current)
    PAGE.write_text(text, encoding="utf-8")
    print(PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
