"""Writes the table of ``docs/simulator.md``: the simulator beside every recording in ``samples/``.

Run it as ``python tools/simulator_page.py``; ``--check`` only says whether the page is current.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from timeline.backends.base import RunOptions
from timeline.backends.sim import SimBackend
from timeline.backends.sim.device_model import Curve, DeviceModel
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

MEASURED_FROM = 1 << 20
"""Pageable copies from this size on take the rates of the samples' own machine."""

HEADINGS = (
    "technique",
    "variant",
    "GPU",
    "recorded",
    "simulated",
    "ratio",
    "overlap ratios recorded → simulated",
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

    @property
    def ratio(self) -> float:
        """Simulated makespan / recorded makespan, the latter of the median repeat."""
        return self.simulated.makespan_ns / self.sample.totals.makespan_ns

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
            if (model := machine(samples, sample.trace.meta.devices[0].name)) is not None:
                program = found.program(sample.variant, **settings(found, sample.trace))
                trace = SimBackend(model).run(program, RunOptions(repeat=1, verify=False))
                yield Comparison(sample, totals(trace))


def settings(found: Technique, trace: Trace) -> dict[str, Any]:
    """The technique's parameters with which a trace was recorded."""
    names = {parameter.name for parameter in found.parameters}
    return {key: value for key, value in trace.meta.labels.items() if key in names}


def machine(samples: Path, gpu: str) -> DeviceModel | None:
    """The described device of a GPU, its pageable copies as fast as on the host of the samples.

    They are copies by the host's CPU: the same GPU in another host has other rates. Without a
    calibration beside the samples, they stay as described. None where no file describes the GPU.

    Parameters
    ----------
    gpu : str
        The driver's name, such as ``NVIDIA H200``.
    """
    words = re.split(r"\W+", gpu.lower())
    name = next((n for n in described() if n in words), None)
    if name is None:
        return None
    model = load_device(name)
    probes = samples / "calibration" / f"{name}_semantics.json"
    if not probes.is_file():
        return model
    rates = json.loads(probes.read_text(encoding="utf-8"))["copies"]["pageable_GBps, cold"]
    copy = replace(
        model.copy,
        pageable_h2d_ns=curve(model.copy.pageable_h2d_ns, rates, "H2D"),
        pageable_d2h_ns=curve(model.copy.pageable_d2h_ns, rates, "D2H"),
    )
    return replace(model, copy=copy)


def curve(described: Curve, rates: Mapping[str, float], direction: str) -> Curve:
    """A duration curve with the measured points in place of the described ones."""
    sizes = {int(key.split()[1]): key for key in rates if key.startswith(direction)}
    measured = [(size, size / rates[key]) for size, key in sizes.items() if size >= MEASURED_FROM]
    return (*(point for point in described if point[0] < MEASURED_FROM), *sorted(measured))


def comparison_table(samples: Path) -> str:
    """All comparisons as a Markdown table, and what could not be compared."""
    made = table(HEADINGS, map(_row, comparisons(samples)))
    left_out = list(undescribed(samples))
    if left_out:
        made += f"\nWithout a device file for the simulator: {', '.join(left_out)}.\n"
    return made


def undescribed(samples: Path) -> Iterator[str]:
    """Recorded techniques of GPUs that no device file describes."""
    for name in recorded_techniques(samples):
        for gpu in dict.fromkeys(s.trace.meta.devices[0].name for s in recorded(samples, name)):
            if machine(samples, gpu) is None:
                yield f"{name} ({gpu})"


def _row(found: Comparison) -> Sequence[str]:
    return (
        found.sample.technique,
        found.sample.variant,
        found.sample.gpus.replace("NVIDIA ", ""),
        time_text(found.sample.totals.makespan_ns),
        time_text(found.simulated.makespan_ns),
        f"{found.ratio:.3f}",
        ", ".join(map(str, found.overlaps)),
    )


def page(text: str, samples: Path) -> str:
    """The page with its table made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{comparison_table(samples)}\n{END}{after}"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the table, or check it; 1 when it is out of date."""
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
