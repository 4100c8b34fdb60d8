"""``timeline baseline``: keep what good traces show."""

from __future__ import annotations

import argparse
from pathlib import Path

from timeline.cli.manual import Manual
from timeline.cli.output import notice
from timeline.cli.place import check_file
from timeline.cli.scoping import add_scoping, measured, rules_of

__all__ = ["Baseline"]


class Baseline:
    """Measures traces and writes the figures to a file, for ``timeline check``."""

    name = "baseline"
    summary = "keep the figures of good traces, for check"
    manual = Manual(
        "Measures good traces and keeps the figures, with their spread over the repeats, in a "
        "small file that timeline check compares later ones with.",
        (
            ("the figures of a trace, into overlap.json", "timeline baseline train.trace"),
            (
                "of an NVTX range too, under a name of its own",
                "timeline baseline train.trace --name train --range 'step*' -o steps.json",
            ),
        ),
        (
            "timeline check",
            "docs/check.md",
        ),
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        add_scoping(parser)
        parser.add_argument(
            "-o",
            "--out",
            type=Path,
            default=Path("overlap.json"),
            metavar="FILE",
            help="the baseline (default: overlap.json)",
        )
        parser.add_argument("--overwrite", action="store_true", help="replace an existing one")

    def run(self, args: argparse.Namespace) -> int:
        """Write it."""
        from timeline.check import Baseline, write_baseline

        check_file(args.out, overwrite=args.overwrite)
        found = Baseline()
        for entry in measured(args, rules_of(args)):
            found = found.with_entry(entry)
        write_baseline(found, args.out)
        figures = sum(len(f) for entry in found.entries for f in entry.figures.values())
        notice(f"wrote {args.out}: {figures} figures of {len(found.entries)} traces")
        return 0
