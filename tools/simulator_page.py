"""Writes the table of ``docs/simulator.md``: the simulator beside every recording in ``samples/``.

Run it as ``python tools/simulator_page.py``; ``--check`` only says whether the page is current.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from timeline.backends.base import RunOptions
from timeline.backends.sim import SimBackend
from timeline.backends.sim.device_model import Curve, DeviceModel
from timeline.backends.sim.devices import load_device
from timeline.report import report, whole
from timeline.report.units import ratio_text, time_text
from timeline.techniques import NAMES, Technique, technique
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
        text = f"{' ∩ '.join(self.engines)} {self.recorded:.3f} → {ratio_text(self.simulated)}"
        return text if self.counts else f"({text})"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A recorded variant and its simulation, each as the report's JSON of its device."""

    technique: str
    variant: str
    recorded: dict[str, Any]
    simulated: dict[str, Any]

    @property
    def ratio(self) -> float:
        """Simulated makespan / recorded makespan, the latter of the median repeat."""
        return float(self.simulated["makespan_ns"] / self.recorded["makespan_ns"])

    @property
    def overlaps(self) -> Iterator[Overlap]:
        """Overlaps of engines that were all busy in the recording."""
        simulated = {tuple(o["engines"]): o["ratio"] for o in self.simulated["overlaps"]}
        for found in self.recorded["overlaps"]:
            engines = tuple(found["engines"])
            if found["ratio"] is not None:
                yield Overlap(
                    engines, found["ratio"], simulated.get(engines), self._counts(engines)
                )

    def _counts(self, engines: Sequence[str]) -> bool:
        busy = [self.recorded["engines"][engine]["busy_ratio"] for engine in engines]
        return bool(min(busy) >= COUNTED_SHARE)


def comparisons(samples: Path) -> Iterator[Comparison]:
    """Every recorded variant, simulated with the parameters that its recording names."""
    backend = SimBackend(machine(samples))
    for name in NAMES:
        found = technique(name)
        for variant in found.variants:
            place = samples / name / variant.name
            if (place / "meta.json").is_file():
                trace = Trace.load(place)
                program = found.program(variant.name, **settings(found, trace))
                model = backend.run(program, RunOptions(repeat=1, verify=False))
                yield Comparison(name, variant.name, device(trace), device(model))


def settings(found: Technique, trace: Trace) -> dict[str, Any]:
    """The technique's parameters with which a trace was recorded."""
    names = {parameter.name for parameter in found.parameters}
    return {key: value for key, value in trace.meta.labels.items() if key in names}


def device(trace: Trace) -> dict[str, Any]:
    """The measures of a trace's only device, or of all with each told apart."""
    return whole(report(trace).to_json())


def machine(samples: Path) -> DeviceModel:
    """The H200, its pageable copies as fast as those of the host that recorded the samples.

    They are copies by the host's CPU: the same GPU in another host has other rates.
    """
    model = load_device("h200")
    probes = samples / "calibration" / "h200_semantics.json"
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


def table(samples: Path) -> str:
    """All comparisons as a Markdown table."""
    rows = [line(HEADINGS), line(["---"] * len(HEADINGS)), *map(_row, comparisons(samples))]
    return "\n".join(rows)


def _row(found: Comparison) -> str:
    cells = [
        found.technique,
        found.variant,
        time_text(found.recorded["makespan_ns"]),
        time_text(found.simulated["makespan_ns"]),
        f"{found.ratio:.3f}",
        ", ".join(map(str, found.overlaps)),
    ]
    return line(cells)


def line(cells: Sequence[str]) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def page(text: str, samples: Path) -> str:
    """The page with its table made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table(samples)}\n\n{END}{after}"


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
