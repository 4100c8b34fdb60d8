"""``timeline report``: the measures of a trace."""

from __future__ import annotations

import argparse
from pathlib import Path

from timeline.cli.foreign import TRACE_HELP, open_any
from timeline.cli.output import console, print_json
from timeline.cli.ranks import add_ranks, report_ranks, several
from timeline.cli.window import HELP, window

__all__ = ["Report"]


class Report:
    """Prints the measures of a trace, a device after the other."""

    name = "report"
    summary = "measure a trace: engines, overlaps, bound"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument(
            "trace", nargs="+", metavar="TRACE", help=f"{TRACE_HELP}; or one a rank, patterns too"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument("--window", metavar="SPAN", help=HELP)
        add_ranks(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Print the report."""
        if several(args):
            return report_ranks(args)
        from timeline.report import report

        place = Path(args.trace[0])
        trace = open_any(place)
        found = report(trace, window=window(args.window, trace))
        if args.json:
            print_json({**found.to_json(), "trace": str(place)})
        else:
            found.print(console())
        return 0
