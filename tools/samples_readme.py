"""Writes ``samples/README.md``: what each recorded trace shows, from the traces themselves.

Run it as ``python tools/samples_readme.py``; ``--check`` only says whether the page is current.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from timeline.report import report
from timeline.report.units import ratio_text, time_text
from timeline.techniques import NAMES, technique
from timeline.trace import Meta, Trace

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
PAGE = "README.md"

INTRODUCTION = """\
# Samples

Recorded traces, one folder a variant. `tools/samples_readme.py` writes this page from them; no
figure in it was typed. Open them with `timeline app samples`.
"""

HEADINGS = (
    "variant",
    "changes",
    "makespan",
    "against the baseline",
    "bound",
    "pipeline efficiency",
    "hidden copy ratio",
    "overlaps",
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A recorded variant and its measures."""

    folder: Path
    meta: Meta
    device: dict[str, Any]


def samples(folder: Path, name: str) -> Iterator[tuple[str, str, Sample]]:
    """The recorded variants of a technique: name, what it changes, the sample."""
    for variant in technique(name).variants:
        place = folder / name / variant.name
        if (place / "meta.json").is_file():
            trace = Trace.load(place)
            devices = report(trace).to_json()["devices"]
            device = max(devices, key=lambda d: d["makespan_ns"])  # it decides how long it takes
            yield variant.name, variant.changes, Sample(place, trace.meta, device)


def page(folder: Path) -> str:
    """The whole page."""
    sections = (_section(folder, name) for name in NAMES)
    return "\n".join([INTRODUCTION, *filter(None, sections)])


def _section(folder: Path, name: str) -> str:
    found = list(samples(folder, name))
    if not found:
        return ""
    what = technique(name)
    first_ns = found[0][2].device["makespan_ns"]
    rows = [_row(variant, changes, sample, first_ns) for variant, changes, sample in found]
    origin = dict.fromkeys(_origin(sample.meta) for _, _, sample in found)
    return "\n".join(
        [
            f"## {name}: {what.title}\n",
            f"Must show: {what.shows}  ",
            f"Recorded: {'; '.join(origin)}\n",
            _line(HEADINGS),
            _line(["---"] * len(HEADINGS)),
            *map(_line, rows),
            "",
        ]
    )


def _row(variant: str, changes: str, sample: Sample, first_ns: int) -> Sequence[str]:
    device = sample.device
    return (
        f"[{variant}]({sample.folder.parent.name}/{sample.folder.name})",
        changes,
        time_text(device["makespan_ns"]),
        f"{first_ns / device['makespan_ns']:.2f}×",
        time_text(device["bound_ns"]),
        ratio_text(device["pipeline_efficiency"]),
        ratio_text(device["hidden_copy_ratio"]),
        ", ".join(_overlap(o) for o in device["overlaps"] if o["overlap_ns"]) or "none",
    )


def _overlap(overlap: dict[str, Any]) -> str:
    return f"{' ∩ '.join(overlap['engines'])} {time_text(overlap['overlap_ns'])}"


def _origin(meta: Meta) -> str:
    devices = ", ".join(dict.fromkeys(device.name for device in meta.devices))
    versions = (
        f"{key} {meta.provenance[key]}" for key in ("driver", "date") if key in meta.provenance
    )
    return ", ".join([devices, meta.source, *versions])


def _line(cells: Sequence[str]) -> str:
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page, or check it; 1 when it is out of date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("samples", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args(argv)
    text, place = page(args.samples), args.samples / PAGE
    if args.check:
        current = place.is_file() and place.read_text(encoding="utf-8") == text
        if not current:
            print(f"{place} is out of date: python tools/samples_readme.py", file=sys.stderr)
        return 0 if current else 1
    place.write_text(text, encoding="utf-8")
    print(place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
