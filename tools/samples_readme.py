"""Writes ``samples/README.md``: what each recorded trace shows, from the traces themselves.

Run it as ``python tools/samples_readme.py``; ``--check`` only says whether the page is current.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from timeline.analysis.shows import Check, check_shows
from timeline.report import report, whole
from timeline.report.units import ratio_text, time_text
from timeline.techniques import NAMES, technique
from timeline.trace import Meta, Trace

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
SCRIPTS = "scripts"
PAGE = "README.md"

INTRODUCTION = """\
# Samples

Recorded traces, one folder a variant. `tools/samples_readme.py` writes this page from them; no
figure in it was typed. Open them with `timeline app samples`.

The first table of a technique has the measures of the repeat of median makespan
([what they mean](../docs/measures.md)); the second what the traces must show, each figure the
median over the repeats. `tests/samples` holds both.
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
CHECK_HEADINGS = ("must show", "figure", "found", "must be", "holds")
SCRIPT_HEADINGS = ("script", "recorded", "kernels", "copies", "calls", "NVTX ranges")


@dataclass(frozen=True, slots=True)
class Sample:
    """A recorded variant and its measures."""

    folder: Path
    trace: Trace
    device: dict[str, Any]


def samples(folder: Path, name: str) -> Iterator[tuple[str, str, Sample]]:
    """The recorded variants of a technique: name, what it changes, the sample."""
    for variant in technique(name).variants:
        place = folder / name / variant.name
        if (place / "meta.json").is_file():
            trace = Trace.load(place)
            measures = whole(report(trace).to_json())
            yield variant.name, variant.changes, Sample(place, trace, measures)


def page(folder: Path) -> str:
    """The whole page."""
    sections = (_section(folder, name) for name in NAMES)
    return "\n".join([INTRODUCTION, *filter(None, sections), _scripts(folder)]).rstrip() + "\n"


def _section(folder: Path, name: str) -> str:
    found = list(samples(folder, name))
    if not found:
        return ""
    what = technique(name)
    first_ns = found[0][2].device["makespan_ns"]
    rows = (_row(variant, changes, sample, first_ns) for variant, changes, sample in found)
    origin = dict.fromkeys(_origin(sample.trace.meta) for _, _, sample in found)
    return "\n".join(
        [
            f"## {name}: {what.title}\n",
            f"Must show: {what.shows}\n",
            f"Recorded: {'; '.join(origin)}.\n",
            _table(HEADINGS, rows),
            _checks(name, {variant: sample.trace for variant, _, sample in found}),
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


def _checks(name: str, traces: Mapping[str, Trace]) -> str:
    """What the technique must show beside what was found; empty while variants are missing."""
    if len(traces) < len(technique(name).variants):
        return ""
    rows = (
        (r.check.name, r.check.doc, _number(r.value), _limits(r.check), "yes" if r.ok else "NO")
        for r in check_shows(name, traces)
    )
    return _table(CHECK_HEADINGS, rows)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3f}"


def _limits(check: Check) -> str:
    limits = (("at least", check.least), ("at most", check.most))
    return ", ".join(f"{word} {limit:g}" for word, limit in limits if math.isfinite(limit))


def _scripts(folder: Path) -> str:
    """The recordings of whole scripts."""
    places = sorted(place.parent for place in (folder / SCRIPTS).glob("*/meta.json"))
    if not places:
        return ""
    heading = "## scripts: examples/ under `timeline record`\n"
    return "\n".join([heading, _table(SCRIPT_HEADINGS, map(_script, places))])


def _script(place: Path) -> Sequence[str]:
    trace = Trace.load(place)
    kinds = trace.names("activities", "kind")
    codes = trace.column("activities", "kind").tolist()
    count = {kind: codes.count(code) for code, kind in enumerate(kinds)}
    return (
        f"[{trace.meta.provenance['command']}]({SCRIPTS}/{place.name})",
        _origin(trace.meta),
        str(count.get("kernel", 0)),
        str(count.get("memcpy", 0)),
        str(trace.tables["calls"].num_rows),
        str(trace.tables["ranges"].num_rows),
    )


def _origin(meta: Meta) -> str:
    """Device, versions, day and command; not the time of day, so variants agree."""
    known = meta.provenance
    state: dict[str, Any] = next(iter(known.get("device_state", {}).values()), {})
    driver = known.get("driver") or state.get("before", {}).get("driver")
    versions = {
        "driver": driver,
        "CUDA": known.get("cuda_driver"),
        "CUPTI": known.get("cupti"),
        "CuPy": known.get("cupy"),
        "PyTorch": known.get("torch"),
    }
    words = [
        *dict.fromkeys(device.name for device in meta.devices),
        *(f"{name} {version}" for name, version in versions.items() if version),
        f"times from {meta.source}",
        f"{len(meta.repeats)} repeats" if meta.repeats else "",
        str(known.get("date", ""))[:10],
        f"`{known['command']}`" if meta.repeats and "command" in known else "",
    ]
    return ", ".join(filter(None, words))


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (headings, ["---"] * len(headings), *rows)
    return "".join(f"{_line(cells)}\n" for cells in lines)


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
