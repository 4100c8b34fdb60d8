"""Writes ``samples/README.md``: what each recorded trace shows, from the traces themselves.

Run it as ``python tools/samples_readme.py``; ``--check`` only says whether the page is current.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from timeline.report.units import time_text
from timeline.samples import Sample, gpus, origin_of, recorded, recorded_techniques, table
from timeline.samples.tables import check_results, check_table, measure_table
from timeline.techniques import technique
from timeline.trace import Trace

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
SCRIPTS = "scripts"
PAGE = "README.md"

INTRODUCTION = """\
# Samples

Recorded traces, one folder a variant. `tools/samples_readme.py` writes this page from them; no
figure in it was typed. Open them with `timeline app samples`.

The first table of a technique has the measures of the repeat of median makespan, over all its
devices ([what they mean](../docs/measures.md)); the second what the traces must show, each figure
the median over the repeats. Copies that take less than a twentieth of the time have no ratio.
`tests/samples` holds both.
"""

SCRIPT_HEADINGS = ("script", "recorded", "kernels", "copies", "calls", "NVTX ranges")


def page(folder: Path) -> str:
    """The whole page."""
    sections = (_section(folder, name) for name in recorded_techniques(folder))
    return "\n".join([INTRODUCTION, *sections, _scripts(folder)]).rstrip() + "\n"


def _section(folder: Path, name: str) -> str:
    found = recorded(folder, name)
    what = technique(name)
    origin = dict.fromkeys(_origin(sample.trace) for sample in found)
    return "\n".join(
        [
            f"## {name}: {what.title}\n",
            f"Must show: {what.shows}\n",
            f"Recorded: {'; '.join(origin)}.\n",
            measure_table(found, _place, {"overlaps": _overlaps}),
            check_table(check_results(found)),
        ]
    )


def _place(sample: Sample) -> str:
    return f"{sample.technique}/{sample.variant}"


def _overlaps(sample: Sample) -> str:
    """Of engines of each device, and of the kernels of several."""
    devices = sample.totals.report.to_json()["devices"]
    found = []
    for device in devices:
        where = f"GPU {device['device']}: " if len(devices) > 1 else ""
        found += [where + _overlap(o) for o in device["overlaps"] if o["overlap_ns"]]
    return ", ".join(found) or "none"


def _overlap(overlap: dict[str, Any]) -> str:
    return f"{' ∩ '.join(overlap['engines'])} {time_text(overlap['overlap_ns'])}"


def _scripts(folder: Path) -> str:
    """The recordings of whole scripts."""
    places = sorted(place.parent for place in (folder / SCRIPTS).glob("*/meta.json"))
    if not places:
        return ""
    heading = "## scripts: examples/ under `timeline record`\n"
    return "\n".join([heading, table(SCRIPT_HEADINGS, map(_script, places))])


def _script(place: Path) -> Sequence[str]:
    trace = Trace.load(place)
    kinds = trace.names("activities", "kind")
    codes = trace.column("activities", "kind").tolist()
    count = {kind: codes.count(code) for code, kind in enumerate(kinds)}
    return (
        f"[{trace.meta.provenance['command']}]({SCRIPTS}/{place.name})",
        _origin(trace),
        str(count.get("kernel", 0)),
        str(count.get("memcpy", 0)),
        str(trace.tables["calls"].num_rows),
        str(trace.tables["ranges"].num_rows),
    )


def _origin(trace: Trace) -> str:
    """Device, versions, day and command; not the time of day, so variants agree."""
    meta, known = trace.meta, trace.meta.provenance
    versions = {
        "driver": origin_of(trace).driver,
        "CUDA": known.get("cuda_driver"),
        "CUPTI": known.get("cupti"),
        "CuPy": known.get("cupy"),
        "PyTorch": known.get("torch"),
    }
    words = [
        gpus(trace),
        *(f"{name} {version}" for name, version in versions.items() if version),
        f"times from {meta.source}",
        f"{len(meta.repeats)} repeats" if meta.repeats else "",
        str(known.get("date", ""))[:10],
        f"`{known['command']}`" if meta.repeats and "command" in known else "",
    ]
    return ", ".join(filter(None, words))


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
