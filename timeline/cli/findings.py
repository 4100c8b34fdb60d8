"""``timeline findings``: what cost time in a trace, and what would mend it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from timeline.cli.foreign import TRACE_HELP, open_any
from timeline.cli.manual import Manual
from timeline.cli.output import console, print_json
from timeline.cli.window import HELP, window
from timeline.errors import unknown

if TYPE_CHECKING:
    from timeline.findings import Diagnosis

__all__ = ["Findings"]


class Findings:
    """Prints findings by cost, each with its evidence, its cost and what to do."""

    name = "findings"
    summary = "say what cost time in a trace, how much, and what would mend it"
    manual = Manual(
        "Names the causes that cost time: each with its cost and how that was computed, where it "
        "was seen, and the call that mends it. What the trace can't tell is said to be not known.",
        (
            ("all of them, the costliest first", "timeline findings train.trace"),
            (
                "one cause, however little it costs",
                "timeline findings train.trace --code pageable-copy --least 0",
            ),
            ("in a window, for a program", "timeline findings train.trace --window :2ms --json"),
        ),
        (
            "timeline whatif",
            "timeline report",
            "docs/findings.md",
        ),
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("trace", metavar="TRACE", help=TRACE_HELP)
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument("--code", action="append", default=[], help="only these findings")
        parser.add_argument(
            "--least",
            type=float,
            metavar="SHARE",
            help="share of the makespan from which a cost counts (by default 0.03)",
        )
        parser.add_argument("--device", type=int, metavar="N", help="only this device")
        parser.add_argument("--window", metavar="SPAN", help=HELP)

    def run(self, args: argparse.Namespace) -> int:
        """Print them; whether there are any does not change the exit code."""
        from timeline.findings import DETECTORS, LEAST_SHARE, diagnose

        codes = [detector.code for detector in DETECTORS]
        for code in args.code:
            if code not in codes:
                raise unknown("finding", code, codes)
        place = Path(args.trace)
        trace = open_any(place)
        found = diagnose(
            trace,
            args.device,
            window=window(args.window, trace),
            least=LEAST_SHARE if args.least is None else args.least,
        ).only(args.code)
        if args.json:
            print_json({"trace": str(place), **found.to_json()})
        else:
            _print(found)
        return 0


def _print(found: Diagnosis) -> None:
    from timeline.report.findings import finding_lines
    from timeline.text import line_of

    out = console()
    said: dict[str, Any] = found.to_json()
    for one in said["findings"]:
        for line in finding_lines(one):
            out.print(line_of(line), markup=False, highlight=False, soft_wrap=True)
        out.print()
    if not said["findings"]:
        out.print("No findings.", markup=False, highlight=False)
    for note in said["unknown"]:
        about = note["code"] or "all"
        text = f"not known: {about}, device {note['device']}: {note['text']}"
        out.print(line_of(text), markup=False, highlight=False, soft_wrap=True)
