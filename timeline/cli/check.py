"""``timeline check``: whether a change lost overlap."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from timeline.cli.manual import Manual
from timeline.cli.output import notice, say
from timeline.cli.place import write_text
from timeline.cli.scoping import add_scoping, measured, rules_of
from timeline.errors import VerificationError

if TYPE_CHECKING:
    from timeline.check import Baseline, Checked, Entry

__all__ = ["Check"]

FORMATS = ("text", "json", "junit", "github", "markdown")


class Check:
    """Judges traces by a baseline; exit code 1 if one lost something."""

    name = "check"
    summary = "check traces against a baseline"
    manual = Manual(
        "Measures traces and judges them by a baseline and by thresholds, which know the noise of "
        "the repeats. Says what was lost and why, and draws the traces that fail.",
        (
            ("against overlap.json", "timeline check train.trace"),
            (
                "with thresholds of its own",
                "timeline check train.trace --baseline overlap.json --threshold 'makespan: +5%' "
                "--threshold 'dropped == 0'",
            ),
            ("for a CI, as JUnit XML", "timeline check train.trace --format junit -o check.xml"),
            ("take these traces as the new baseline", "timeline check train.trace --update"),
        ),
        (
            "timeline baseline",
            "timeline compare",
            "docs/check.md",
        ),
        (("1", "a trace lost something, or a threshold is not kept"),),
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        add_scoping(parser)
        parser.add_argument(
            "--baseline",
            type=Path,
            metavar="FILE",
            help="what timeline baseline wrote (default: that of the settings, or overlap.json)",
        )
        parser.add_argument("--format", choices=FORMATS, default="text", help="of the output")
        parser.add_argument(
            "-o", "--out", type=Path, metavar="FILE", help="write the output here (default: stdout)"
        )
        parser.add_argument(
            "--pictures",
            type=Path,
            default=Path("timeline-check"),
            metavar="DIR",
            help="where to draw the timelines of traces that fail (default: timeline-check)",
        )
        parser.add_argument(
            "--update",
            action="store_true",
            help="make these traces the baseline, and say what changes",
        )

    def run(self, args: argparse.Namespace) -> int:
        """Print the verdicts; with ``--update`` rewrite the baseline instead."""
        from timeline.check import check, read_baseline, require_figures
        from timeline.check.picture import draw_failures

        rules = rules_of(args)
        path = args.baseline or rules.baseline or Path("overlap.json")
        baseline = read_baseline(path)
        entries = measured(args, rules)
        if args.update:
            return _update(path, baseline, entries)
        found = check(entries, baseline, rules)
        require_figures(rules, found)
        pictures = draw_failures(found, args.pictures)
        _show(args, found, pictures)
        return VerificationError.exit_code if any(one.failed for one in found) else 0


def _show(args: argparse.Namespace, found: Sequence[Checked], pictures: Mapping[str, Path]) -> None:
    from timeline.check.shapes import SHAPES

    text = SHAPES[args.format](found, pictures)
    if args.out is None:
        say(text)
    else:
        write_text(args.out, text + "\n")


def _update(path: Path, baseline: Baseline, entries: Sequence[Entry]) -> int:
    """Put the entries in; nothing is written before all of them are known to fit."""
    from timeline.check import write_baseline
    from timeline.check.changes import told

    for entry in entries:
        for line in told(baseline, entry):
            say(line)
        baseline = baseline.with_entry(entry)
    write_baseline(baseline, path)
    notice(f"wrote {path}")
    return 0
