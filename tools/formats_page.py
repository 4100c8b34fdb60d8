r"""Writes the tables of ``docs/formats.md`` from what benchmarks measured.

Run it as ``python tools/formats_page.py``; ``--check`` only says whether the page is current. The
commands that write ``benchmarks/results/``::

    python -m benchmarks.formats -o benchmarks/results/formats.json
    python -m benchmarks.peers --peers PEERS -o benchmarks/results/peers.json
    python -m benchmarks.peers --gpu-events 0 --kernels 0 --scale 1000000,3000000,10000000 \
        -o benchmarks/results/scale.json
    python -m benchmarks.ranks --dask -o benchmarks/results/ranks.json
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from timeline.samples.markdown import table

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "formats.md"
END = "<!-- end -->"
STEPS = ("import", "second open", "report", "export")

Figures = Mapping[str, Any]


def forms(measured: Figures) -> str:
    """Every form, written and read."""
    headings = ("form", "activities", "MB", *_ways("out"), *_ways("in"))
    return table(headings, map(_form, measured["results"]))


def _ways(way: str) -> tuple[str, ...]:
    return f"{way}, CPU s", "MB/s", "µs a row", "peak MB"


def _form(found: Figures) -> Sequence[str]:
    megabytes = found["bytes"] / 1e6
    cells = [found["form"], f"{found['activities']:,}", f"{megabytes:,.0f}"]
    for run in (found["write"], found["read"]):
        cells += (
            ["–"] * 4
            if run is None
            else [
                f"{run['cpu_s']:.2f}",
                f"{megabytes / run['cpu_s']:,.0f}",
                f"{run['cpu_s'] / found['rows'] * 1e6:.2f}",
                f"{run['peak_mb']:,.0f}",
            ]
        )
    return cells


def peers(measured: Figures) -> str:
    """Tools that read the same files."""
    rows = [row for name in ("kineto", "nsys") for row in _beside(name, measured.get(name, ()))]
    return table(("file", "tool", "CPU s", "times", "peak MB", "exact", "and"), rows)


def _beside(name: str, rows: Sequence[Figures]) -> Iterator[Sequence[str]]:
    base = next((row["cpu_s"] for row in rows if "cpu_s" in row), 0)
    for row in rows:
        if "cpu_s" not in row:
            yield name, row["tool"], "failed", "–", "–", "–", "–"
            continue
        peak = row.get("peak_mb")
        yield (
            name,
            row["tool"],
            f"{row['cpu_s']:.2f}",
            f"{row['cpu_s'] / base:.1f}",
            "–" if peak is None else f"{peak:,}",
            {True: "yes", False: "no", None: "–"}[row["equal"]],
            row["because"],
        )


def scale(measured: Figures) -> str:
    """Kineto traces of several sizes, through everything."""
    headings = ("GPU events", "GB", *(f"{step}, CPU s (MB)" for step in STEPS))
    return table(headings, map(_size, measured["scale"]))


def _size(found: Figures) -> Sequence[str]:
    runs = (found.get(step) for step in STEPS)
    cells = (f"{run['cpu_s']:.1f} ({run['peak_mb']:,.0f})" if run else "–" for run in runs)
    return f"{found['gpu_events']:,}", f"{found['bytes'] / 1e9:.2f}", *cells


def ranks(measured: Figures) -> str:
    """A job of many ranks, on processes and on Dask workers."""
    first = measured["results"][0]["wall_s"]
    rows = (
        (
            f"{measured['ranks']} of {measured['kernels']:,} kernels",
            f"{one['jobs']} {one['on']}",
            f"{one['wall_s']:.1f}",
            f"{first / one['wall_s']:.2f}",
        )
        for one in measured["results"]
    )
    return table(("ranks", "on", "wall s", "speed-up"), rows)


SECTIONS: Mapping[str, Callable[[Figures], str]] = {
    "formats": forms,
    "peers": peers,
    "scale": scale,
    "ranks": ranks,
}
"""Each section of the page, and the file of results that it is made of."""


def page(text: str) -> str:
    """The page with tables of what has been measured; what has not keeps what it says."""
    for name, write in SECTIONS.items():
        file = RESULTS / f"{name}.json"
        begin = f"<!-- tools/formats_page.py: {name} -->"
        head, found, rest = text.partition(begin)
        if found and file.is_file():
            content = write(json.loads(file.read_text(encoding="utf-8")))
            text = f"{head}{begin}\n\n{content.strip()}\n\n{END}{rest.partition(END)[2]}"
    return text


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; 1 if it would")
    args = parser.parse_args(argv)
    text = PAGE.read_text(encoding="utf-8")
    found = page(text)
    if args.check:
        return int(found != text)
    PAGE.write_text(found, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
