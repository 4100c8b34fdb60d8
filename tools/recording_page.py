"""The measured tables of docs/recording.md, from what the benchmarks wrote.

``python -m tools.recording_page [--check]`` takes benchmarks/results/recorder_h100.json and every
benchmarks/results/faults*.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from timeline.samples import table
from tools.readme_figures import recorders

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "recording.md"
RESULTS = ROOT / "benchmarks" / "results"
RECORDER = RESULTS / "recorder_h100.json"
END = "<!-- end -->"

HEADINGS = (
    *("recorded on", "way", "killed", "traces that load", "and are sound"),
    *("of these cut off", "parts", "lost, median", "at most"),
)


def faults(found: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    """A row for each way of recording of one run of ``benchmarks.faults``."""
    for way, row in found["ways"].items():
        lost = [
            "–" if row[key] is None else f"{row[key]:,.0f} ms"
            for key in ("lost_ms_median", "lost_ms_most")
        ]
        counts = [f"{row[key]:,}" for key in ("kills", "load", "sound", "cut", "parts")]
        yield (found["on"] if way == "all" else "", way, *counts, *lost)


def put(text: str, mark: str, made: str) -> str:
    """The page with what stands between a mark and the next end replaced."""
    begin = f"<!-- tools/recording_page.py: {mark} -->"
    before, found, rest = text.partition(begin)
    if not found:
        raise SystemExit(f"{PAGE}: no {begin}")
    return f"{before}{begin}\n\n{made}\n{END}{rest.partition(END)[2]}"


def page(text: str) -> str:
    """The page with its tables made anew."""
    runs = [json.loads(one.read_text("utf-8")) for one in sorted(RESULTS.glob("faults*.json"))]
    text = put(text, "faults", table(HEADINGS, [row for run in runs for row in faults(run)]))
    return put(text, "recorders", recorders(json.loads(RECORDER.read_text("utf-8"))) + "\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Write the tables, or check them; 1 when they are out of date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args(argv)
    current = PAGE.read_text(encoding="utf-8")
    made = page(current)
    if args.check:
        if made != current:
            print(f"{PAGE} is out of date: python -m tools.recording_page", file=sys.stderr)
        return int(made != current)
    PAGE.write_text(made, encoding="utf-8")
    print(PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
