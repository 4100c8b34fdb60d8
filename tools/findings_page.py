"""Writes ``docs/findings.md``: every cause that can be found, and what is found in ``samples/``.

Run it as ``python tools/findings_page.py``; ``--check`` only says whether the page is current.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median_low

from timeline.analysis import makespans_ns
from timeline.analysis.kernel_figures import queueing_ns
from timeline.analysis.technique_figures import over_repeats
from timeline.findings import DETECTORS, LEAST_SHARE, Detector, Finding, findings
from timeline.findings.gains import MOST_PREDICTED, TRUSTED
from timeline.findings.planted import JUDGED, PLANTED, Planted
from timeline.report.units import percent_text, time_text
from timeline.samples.markdown import table
from timeline.trace import Trace

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "samples"
PAGE = ROOT / "docs" / "findings.md"
SPEED = ROOT / "benchmarks" / "results" / "findings.json"

CLOSE = 0.1
"""How far a cost may be from what the fixed variant saves."""

INTRODUCTION = """\
# Findings

What cost time in a trace, how much, where, and which call mends it:

```sh
timeline findings train.trace
timeline findings train.trace --json --code pageable-copy --least 0.01
```

`timeline report` lists them in short, `timeline.findings(trace)` gives them to a program. Each has
a stable code, the activities, streams and call sites (by NVTX range) that it was seen in, its cost
in ns with the formula, and the fix that [`timeline whatif`](whatif.md) tries.
`tools/findings_page.py` writes this page; no figure in its tables was typed.

A cause is a finding from {least} of the makespan on: of {count} recordings, {steady} differ by less
than that from their fastest to their slowest repeat, so a smaller cost would mostly not be seen.
`--least` sets another share. What a trace can't tell (no API calls, no kinds of streams, lost
records) is named as not known, so that silence means that there is nothing.

"""

COSTS = (
    (
        "`what-if`",
        "makespan of the recording's replay, less that with the fix applied; where the replay "
        "itself is within {trusted} of the recording, for up to {most} activities of a repeat or a "
        "whole trace",
    ),
    (
        "`replay`",
        "makespan, less that of the same activities dealt to several streams: each copy engine "
        "takes one at a time, kernels run together where there is room",
    ),
    ("`path`", "time of the critical path as taken that the cause explains"),
    ("`idle`", "idle time, by that cause, of the engine that is busy longest"),
    ("`busy`", "busy time that the cause explains, as the finding's own words say"),
    (
        "`waits`",
        "how long the work waited that came too late; the makespan need not have grown",
    ),
)
"""Kinds of formulas, as :class:`timeline.findings.Finding` names them."""


@dataclass(frozen=True, slots=True)
class Row:
    """A planted cause beside its recordings; ``found`` is None where it was missed."""

    planted: Planted
    found: Finding | None
    measured_ns: float

    @property
    def off(self) -> float | None:
        """Cost over what the fixed variant saves, less 1."""
        if self.found is None or self.measured_ns <= 0:
            return None
        return self.found.cost_ns / self.measured_ns - 1

    @property
    def close(self) -> bool:
        """Whether the two agree."""
        return self.off is not None and abs(self.off) <= CLOSE


@cache
def load(place: Path) -> Trace:
    """A recording, read once."""
    return Trace.load(place)


def rows(samples: Path) -> Iterator[Row]:
    """Planted causes of which both variants were recorded."""
    for one in PLANTED:
        before, after = (samples / one.technique / name for name in (one.variant, one.fixed))
        if (before / "meta.json").is_file() and (after / "meta.json").is_file():
            seen = [each for each in findings(load(before)) if each.code == one.code]
            yield Row(one, seen[0] if seen else None, _saved_ns(seen[:1], before, after))


def _saved_ns(seen: Sequence[Finding], before: Path, after: Path) -> float:
    """What the fixed variant saves: of the makespan, or of the waits where the cost is waits."""
    if seen and seen[0].cost_by == "waits":
        wait = queueing_ns("ready", "communicate")
        each = over_repeats(load(before), wait) - over_repeats(load(after), wait)
        return each * seen[0].count
    return _median_ns(before) - _median_ns(after)


def _median_ns(place: Path) -> int:
    return median_low(ns for ns in makespans_ns(load(place)) if ns is not None)


def fixed_variants(samples: Path) -> Iterator[tuple[str, str, Finding | None]]:
    """Findings in variants without a planted cause; None for one that has none."""
    planted = {(one.technique, one.variant) for one in PLANTED}
    for technique, variant in sorted({(one.technique, one.fixed) for one in PLANTED} - planted):
        if (samples / technique / variant / "meta.json").is_file():
            found = findings(load(samples / technique / variant))
            for one in found or (None,):
                yield technique, variant, one


def page(samples: Path) -> str:
    """The whole page."""
    spans = [
        (max(known) - min(known)) / median_low(known)
        for place in sorted(samples.glob("*/*/meta.json"))
        if len(known := [ns for ns in makespans_ns(load(place.parent)) if ns is not None]) > 1
    ]
    steady = sum(span < LEAST_SHARE for span in spans)
    return "".join(
        (
            INTRODUCTION.format(
                least=percent_text(LEAST_SHARE).replace(".0", ""), count=len(spans), steady=steady
            ),
            _causes(),
            _costs(),
            _planted(list(rows(samples))),
            _alarms(list(fixed_variants(samples))),
            _speed(),
        )
    )


def _causes() -> str:
    told = ((f"`{d.code}`", d.title, d.advice, _link(d)) for d in DETECTORS)
    return "## Causes\n\n" + table(("code", "cause", "what to do", "technique"), told) + "\n"


def _link(detector: Detector) -> str:
    """To the technique's page; techniques that were not recorded have none yet."""
    there = (ROOT / detector.page).is_file()
    name = detector.technique
    return f"[{name}]({detector.page.removeprefix('docs/')})" if there else name


def _costs() -> str:
    trusted, most = percent_text(TRUSTED).replace(".0", ""), f"{MOST_PREDICTED:,}"
    told = ((kind, text.format(trusted=trusted, most=most)) for kind, text in COSTS)
    return (
        "## How costs are computed\n\n"
        + table(("by", "formula"), told)
        + "\nThe last four replay nothing: without the cause something else may hold the work, or\n"
        "more may overlap.\n\n"
    )


def _planted(found: Sequence[Row]) -> str:
    there, close = sum(row.found is not None for row in found), sum(row.close for row in found)
    text = (
        "## On the recordings\n\n"
        "Each technique's variants have causes on purpose. Cost is what the finding says of the\n"
        "variant's recording alone; saved is the difference of the median makespans of the\n"
        "variant and the fixed one (of the small kernel's waits, where the cost is waits).\n"
        f"{there} of {len(found)} are found; {close} costs are within {CLOSE:.0%} of what was "
        "saved.\n\n"
    ).replace("%", " %")
    heads = ("recording", "finding", "fixed in", "cost", "by", "saved", "off", "why they differ")
    return text + table(heads, map(_row, found)) + "\n"


def _row(row: Row) -> Sequence[str]:
    one, found = row.planted, row.found
    place = f"[{one.technique}/{one.variant}](../samples/{one.technique}/{one.variant})"
    if found is None:
        return (
            place,
            f"`{one.code}` **missed**",
            one.fixed,
            "",
            "",
            time_text(row.measured_ns),
            "",
            "",
        )
    off = "–" if row.off is None else f"{row.off:+.1%}".replace("%", " %")
    why = "" if row.close else one.differs
    saved = time_text(row.measured_ns)
    return (
        place,
        f"`{one.code}`",
        one.fixed,
        time_text(found.cost_ns),
        found.cost_by,
        saved,
        off,
        why,
    )


def _alarms(found: Sequence[tuple[str, str, Finding | None]]) -> str:
    clean = [f"{technique}/{variant}" for technique, variant, one in found if one is None]
    told = (
        (
            f"[{technique}/{variant}](../samples/{technique}/{variant})",
            f"`{one.code}`",
            time_text(one.cost_ns),
            percent_text(one.share),
            JUDGED.get((technique, variant, one.code), "**not judged**"),
        )
        for technique, variant, one in found
        if one is not None
    )
    heads = ("recording", "finding", "cost", "of makespan", "judged")
    return (
        "## In variants without a planted cause\n\n"
        f"Nothing is found in {', '.join(clean)}. What is found in the others:\n\n"
        + table(heads, told)
        + "\n"
    )


def _speed() -> str:
    if not SPEED.is_file():
        return ""
    measured = json.loads(SPEED.read_text(encoding="utf-8"))["results"]
    told = (
        (
            f"{one['activities']:,}",
            *(f"{seconds:.2f} s" for seconds in one["cpu_s"].values()),
            f"{one['peak_mb'] / 1000:.2f} GB",
        )
        for one in measured
    )
    heads = ("activities", *measured[0]["cpu_s"], "peak memory")
    return "## Speed\n\nCPU time on one core, of `python -m benchmarks.findings`:\n\n" + table(
        heads, told
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page, or check it; 1 when it is out of date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("samples", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args(argv)
    text = page(args.samples)
    if not args.check:
        PAGE.write_text(text, encoding="utf-8")
        print(PAGE)
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        print(f"{PAGE} is out of date: python tools/findings_page.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
