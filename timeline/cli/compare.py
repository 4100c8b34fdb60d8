"""``timeline compare``: two traces, or two folders of them, side by side."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from timeline.cli.foreign import TRACE_HELP, open_told
from timeline.cli.manual import Manual
from timeline.cli.output import console, notice, print_json
from timeline.cli.place import check_folder
from timeline.cli.progress import progress
from timeline.errors import UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from timeline.check.comparison import Comparison
    from timeline.check.launches import Matched
    from timeline.trace import Trace

__all__ = ["Compare"]

MOST_ROWS = 12


class Compare:
    """Says what differs between two traces, by figure, kernel and NVTX range."""

    name = "compare"
    summary = "compare two traces, or two folders of traces"
    manual = Manual(
        "Sets two traces, or two folders of traces, side by side: figures that moved by more than "
        "noise, kernels and NVTX ranges that are new, gone, or took another time, and findings. A "
        "difference is no failure.",
        (
            ("two traces", "timeline compare before.trace after.trace"),
            (
                "with a picture of each pair on one axis",
                "timeline compare before.trace after.trace --pictures pairs",
            ),
            ("every figure, for a program", "timeline compare before.trace after.trace --json"),
        ),
        (
            "timeline check",
            "timeline gantt",
            "docs/check.md",
        ),
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        for side, words in (("before", "the first"), ("now", "the second")):
            help_text = (
                f"{words}: {TRACE_HELP}; or a folder of traces, matched by technique or name"
            )
            parser.add_argument(side, type=Path, metavar=side.upper(), help=help_text)
        parser.add_argument(
            "--range",
            action="append",
            default=[],
            dest="ranges",
            metavar="NAME",
            help="compare every figure of what this NVTX range launched too; patterns too",
        )
        parser.add_argument(
            "--pictures",
            type=Path,
            metavar="DIR",
            help="draw each pair on one axis into this folder",
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def run(self, args: argparse.Namespace) -> int:
        """Print what differs; that something does is no failure."""
        from timeline.check.comparison import compare, paired
        from timeline.check.picture import draw_pair

        if args.pictures:
            check_folder(args.pictures)
        pairs = paired(_opened(args.before), _opened(args.now))
        found = []
        with progress(len(pairs)) as begin:
            for before, now in pairs:
                begin(now[0])
                found.append(compare(before, now, args.ranges))
                if args.pictures:
                    draw_pair(before[1], now[1], now[0], args.pictures)
        if args.json:
            print_json([one.to_json() for one in found])
        else:
            for one in found:
                for table in _tables(one):
                    console().print(table)
        if args.pictures:
            notice(f"pictures in {args.pictures}")
        return 0


def _opened(place: Path) -> dict[Path, Trace]:
    """The trace there, or those in the folder."""
    inside = sorted(place.rglob("meta.json")) if place.is_dir() else []
    if not inside or inside[0].parent == place:
        return {place: open_told(place)}
    places = [file.parent for file in inside]
    if len(places) > 1000:
        raise UsageError(f"{place}: holds {len(places)} traces; name a folder with fewer")
    return {each: open_told(each) for each in places}


def _tables(found: Comparison) -> Iterator[RenderableType]:
    from timeline.report.tables import grid
    from timeline.text import line_of

    before, now = found.before.identity, found.now.identity
    names = before.name if before.name == now.name else f"{before.name} → {now.name}"
    yield line_of(f"{names}: {before.device_text} → {now.device_text}")
    if found.apart:
        yield line_of(f"not the same: {found.apart}")
    told = [change.cells() for change in found.changes]
    yield grid(("figure", "before", "now", "change"), told, right=(1, 2, 3))
    for title, rows in (("kernel or copy", found.kernels), ("NVTX range", found.ranges)):
        yield from _paces(title, [one for one in rows if one.differs])
    for code, (was, is_now) in found.findings.items():
        yield f"finding {'still there' if was and is_now else 'new' if is_now else 'gone'}: {code}"


def _paces(title: str, rows: Sequence[Matched]) -> Iterator[RenderableType]:
    """What differs by name: how often a repeat, how long each, and what that makes in all."""
    from timeline.report.tables import grid

    if rows:
        heads = (title, "times", "now", "each", "now", "change", "in all")
        yield grid(heads, [_pace(one) for one in rows[:MOST_ROWS]], right=range(1, 7))
    if len(rows) > MOST_ROWS:
        yield f"and {len(rows) - MOST_ROWS} more that differ; all of them with --json"


def _pace(one: Matched) -> tuple[str, ...]:
    from timeline.check.words import change_text
    from timeline.report.units import UNDEFINED, time_text

    before, now = one.before, one.now
    change = "new" if before is None else "gone"
    if before is not None and now is not None:
        change = change_text("duration", before.length.median, now.length.median)
    sides = (before, now)
    return (
        one.name,
        *(f"{side.launches:,g}" if side else UNDEFINED for side in sides),
        *(time_text(side.length.median) if side else UNDEFINED for side in sides),
        change,
        f"{'+' if one.change_ns > 0 else ''}{time_text(one.change_ns)}",
    )
