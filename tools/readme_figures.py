"""Writes the figures of ``README.md``: each technique's baseline and best recorded variant.

Run it as ``python tools/readme_figures.py``; ``--check`` only says whether the page is current.
With ``--recorder FILE``, what ``benchmarks/recorder.py --output FILE`` measured goes into it too.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from timeline.analysis.shows import telling
from timeline.report.units import UNDEFINED, ratio_text, time_text
from timeline.samples import Sample, contrast, recorded, recorded_techniques, table
from timeline.samples.tables import check_results
from timeline.samples.totals import OVERLAPS, Totals

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "samples"
PAGE = ROOT / "README.md"
END = "<!-- end -->"

HEADINGS = (
    "technique",
    "GPU",
    "makespan, from → to",
    "faster",
    "overlap ratio",
    "bound",
    "pipeline efficiency",
    "and",
)
LEGEND = """\
Makespan, bound and efficiency are of the repeat of median makespan, over all devices; the bound is
the second variant's; where the baseline itself is the fastest, the slowest stands first. Overlap
is the part of the copies' time beside kernels, of the kernels' time beside other kernels, of the
kernels' time beside those of another device, or of the communication's beside computing kernels,
whichever changed most."""
RECORDER_HEADINGS = (
    "recorder",
    "graph kernels",
    "added to a launch, µs",
    "added to a kernel, µs",
    "to stop, µs a kernel",
    "to write, µs a kernel",
    "lost",
)
SMALL, LARGE = "200000", "1000000"
RECORD_US, LAUNCH_US = 0.5, 2.0
"""Goals of ``benchmarks/recorder.py``."""


def figures(samples: Path) -> str:
    """Baseline and fastest variant of each technique that was recorded."""
    found = (recorded(samples, name) for name in recorded_techniques(samples))
    return f"{table(HEADINGS, map(_row, found))}\n{LEGEND}"


def _row(found: Sequence[Sample]) -> Sequence[str]:
    first, second = contrast(found)
    before, after = first.totals, second.totals
    return (
        f"[{first.technique}](docs/techniques/{first.technique}.md)",
        first.gpus.replace("NVIDIA ", ""),
        f"{first.variant} {time_text(before.makespan_ns)} → "
        f"{second.variant} {time_text(after.makespan_ns)}",
        f"{before.makespan_ns / after.makespan_ns:.2f}×",
        _overlap(before, after),
        time_text(after.bound_ns),
        f"{ratio_text(before.pipeline_efficiency)} → {ratio_text(after.pipeline_efficiency)}",
        _telling(found),
    )


def _overlap(before: Totals, after: Totals) -> str:
    """The overlap that changed most, before and after."""
    pairs = ((what, getattr(before, what), getattr(after, what)) for what in OVERLAPS)
    known = [(what, a, b) for what, a, b in pairs if a is not None and b is not None]
    if not known:
        return UNDEFINED
    what, a, b = max(known, key=lambda pair: abs(pair[2] - pair[1]))
    return f"{what} {a:.2f} → {b:.2f}"


def _telling(found: Sequence[Sample]) -> str:
    """The figure that tells most; nothing while a variant is missing."""
    told = telling(found[0].technique)
    for result in check_results(found):
        if result.check is told:
            value = f"{result.value:,.0f}" if abs(result.value) >= 100 else f"{result.value:.2f}"
            return f"{told.doc}: {value}"
    return ""


def recorders(measured: Mapping[str, Any]) -> str:
    """What recording cost, recorder by recorder, and how that compares with the goals."""
    rows = (
        _cost(name, int(count), costs)
        for name, costs in measured["costs"].items()
        for count in costs
        if count.isdigit()
    )
    said = "\n".join(f"- {sentence}" for sentence in sentences(measured["costs"]))
    return f"{table(RECORDER_HEADINGS, rows)}\n{said}"


def sentences(costs: Mapping[str, Any]) -> Iterator[str]:
    """The recorder beside its goals and its peers."""
    ours, launch = costs["timeline"][SMALL], costs["timeline"]["us_a_launch"]
    torch, python = costs["torch.profiler"], costs["cupti-python"][SMALL]
    yield (
        f"A record costs {ours['us_a_record']:.2f} µs until it can be read, "
        f"{ours['us_added']:.2f} while the work runs and {ours['us_to_stop']:.2f} afterwards; "
        f"the goal of {RECORD_US:g} µs {_word(ours['us_a_record'] <= RECORD_US)}. torch.profiler, "
        f"which also uses CUPTI, adds {torch[SMALL]['us_added']:.2f} µs to the same kernels."
    )
    yield (
        f"A launch costs {launch:.2f} µs more (below 0 is noise), under torch.profiler "
        f"{torch['us_a_launch']:.2f}; the goal of {LAUNCH_US:g} µs {_word(launch <= LAUNCH_US)}."
    )
    stopped, written = ours["us_to_stop"], ours["us_to_stop"] + ours["us_to_write"]
    yield (
        "To stop and export, torch.profiler takes "
        f"{torch[SMALL]['us_to_stop'] / stopped:.0f} times as long as the recorder takes to have "
        f"its tables, {torch[SMALL]['us_to_stop'] / written:.0f} times as long as with Parquet "
        "files written."
    )
    yield (
        f"A record of cupti-python costs {python['us_a_record']:.2f} µs, "
        f"{_times(python['us_a_record'] / ours['us_a_record'])} times as much."
    )
    large = costs["timeline"][LARGE]
    yield f"Of {int(LARGE):,} kernels, {large['lost'] or 'none'} {_were(large['lost'])} lost."


def _times(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.2f}"


def _word(holds: bool) -> str:
    return "is kept" if holds else "is **missed**"


def _were(count: int) -> str:
    return "was" if count in (0, 1) else "were"


def _cost(name: str, kernels: int, costs: Mapping[str, Any]) -> Sequence[str]:
    cost = costs[str(kernels)]
    return (
        name,
        f"{kernels:,}",
        f"{costs['us_a_launch']:.2f}",
        f"{cost['us_added']:.2f}",
        f"{cost['us_to_stop']:.2f}",
        f"{cost['us_to_write']:.2f}" if cost["us_to_write"] else "–",
        str(cost["lost"]),
    )


def put(text: str, mark: str, made: str) -> str:
    """The page with what stands between a mark and the next end replaced."""
    begin = f"<!-- tools/readme_figures.py: {mark} -->"
    before, found, rest = text.partition(begin)
    if not found:
        raise SystemExit(f"{PAGE}: no {begin}")
    return f"{before}{begin}\n\n{made}\n\n{END}{rest.partition(END)[2]}"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the figures, or check them; 1 when they are out of date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("samples", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--recorder", type=Path, help="what the recorder's benchmark wrote")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args(argv)
    current = PAGE.read_text(encoding="utf-8")
    text = put(current, "techniques", figures(args.samples))
    if args.recorder:
        text = put(text, "recorders", recorders(json.loads(args.recorder.read_text("utf-8"))))
    if not args.check:
        PAGE.write_text(text, encoding="utf-8")
        print(PAGE)
    elif text != current:
        print(f"{PAGE} is out of date: python tools/readme_figures.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
