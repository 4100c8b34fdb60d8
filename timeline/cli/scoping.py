"""The options that say what ``baseline`` and ``check`` measure and by which rules."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from timeline.cli.foreign import TRACE_HELP, open_told
from timeline.cli.progress import progress

if TYPE_CHECKING:
    from timeline.check import Entry, Rules

__all__ = ["add_scoping", "measured", "rules_of"]


def add_scoping(parser: argparse.ArgumentParser) -> None:
    """Add the traces and where to look in them."""
    parser.add_argument("traces", nargs="+", type=Path, metavar="TRACE", help=TRACE_HELP)
    parser.add_argument(
        "--name",
        default="",
        metavar="NAME",
        help="what to call traces that are of no technique (default: the folder or file); those of "
        "one name count as recordings of the same",
    )
    parser.add_argument(
        "--range",
        action="append",
        default=[],
        dest="ranges",
        metavar="NAME",
        help="measure what this NVTX range launched too; a pattern such as 'step*' takes several",
    )
    parser.add_argument(
        "--window",
        action="append",
        default=[],
        dest="windows",
        metavar="SPAN",
        help="measure this window too, such as 1ms:2ms from the first activity of each repeat",
    )
    parser.add_argument(
        "--threshold",
        action="append",
        default=[],
        dest="thresholds",
        metavar="TEXT",
        help="such as 'makespan: +3%%' or 'pipeline_efficiency >= 0.9'; comes after those of the "
        "settings",
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="TOML file of thresholds (default: [tool.timeline.check] of the nearest "
        "pyproject.toml)",
    )


def rules_of(args: argparse.Namespace) -> Rules:
    """The settings' rules with those of the command line."""
    from timeline.check import Rules, project_file, read_rules

    path = args.config or project_file(Path.cwd())
    rules = read_rules(path) if path else Rules()
    return rules.with_more(args.thresholds, args.ranges, args.windows)


def measured(args: argparse.Namespace, rules: Rules) -> list[Entry]:
    """Open and measure the traces."""
    from timeline.check import entries_of, require_ranges
    from timeline.errors import TimelineError

    with progress(len(args.traces)) as begin:
        opened = []
        for place in args.traces:
            begin(place.name)
            opened.append((args.name or place.resolve().stem, open_told(place)))
    try:
        entries = entries_of(opened, rules)
        require_ranges(rules, entries)
    except TimelineError as error:
        if len(args.traces) > 1:
            raise
        raise type(error)(f"{args.traces[0]}: {error}") from None
    return entries
