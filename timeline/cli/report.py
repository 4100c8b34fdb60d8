"""``timeline report``: the measures of a trace."""

from __future__ import annotations

import argparse
from pathlib import Path

from timeline.cli.foreign import TRACE_HELP, open_any
from timeline.cli.output import console, print_json
from timeline.cli.window import HELP, window

__all__ = ["Report"]


class Report:
    """Prints the measures of a trace, a device after the other."""

    name = "report"
    summary = "measure a trace: engines, overlaps, bound"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("trace", type=Path, metavar="TRACE", help=TRACE_HELP)
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument("--window", metavar="SPAN", help=HELP)

    def run(self, args: argparse.Namespace) -> int:
        """Print the report."""
        from timeline.report import report

        trace = open_any(args.trace)
        found = report(trace, window=window(args.window, trace))
        if args.json:
            print_json({**found.to_json(), "trace": str(args.trace)})
        else:
            found.print(console())
        return 0
