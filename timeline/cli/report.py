"""``timeline report``: the measures of a trace."""

from __future__ import annotations

import argparse
from pathlib import Path

from timeline.cli.foreign import TRACE_HELP, open_any
from timeline.cli.html import check_html, write_html
from timeline.cli.manual import Manual
from timeline.cli.output import console, print_json
from timeline.cli.ranks import add_ranks, report_ranks, several
from timeline.cli.selections import add_selections, communicating, groups
from timeline.cli.window import HELP, window
from timeline.errors import UsageError

__all__ = ["Report"]


class Report:
    """Prints the measures of a trace, a device after the other."""

    name = "report"
    summary = "measure a trace: engines, overlaps, bound"
    manual = Manual(
        "Prints how busy each engine was, what overlapped, what it waited for, how far the "
        "schedule is from the best possible one, and the findings in short. Several traces are "
        "the ranks of one job.",
        (
            ("the measures of a trace", "timeline report train.trace"),
            (
                "of the second millisecond, as JSON",
                "timeline report train.trace --window 1ms:2ms --json",
            ),
            ("with pictures, as one HTML file", "timeline report train.trace --html train.html"),
            (
                "groups of kernels held against each other",
                "timeline report train.trace --group gemm='*gemm*' --group rest='nvtx:step*'",
            ),
            ("many ranks of one job", "timeline report 'ranks/rank*'"),
        ),
        (
            "timeline findings",
            "timeline whatif",
            "timeline help windows",
            "docs/measures.md",
        ),
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument(
            "trace", nargs="+", metavar="TRACE", help=f"{TRACE_HELP}; or one a rank, patterns too"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument("--window", metavar="SPAN", help=HELP)
        parser.add_argument(
            "--as",
            dest="definitions",
            choices=("hta",),
            help="temporal breakdown and overlap as HolisticTraceAnalysis defines them",
        )
        add_selections(parser)
        parser.add_argument(
            "--html", type=Path, metavar="FILE", help="write it with pictures, as one HTML file"
        )
        parser.add_argument("--theme", choices=("light", "dark"), default="light")
        parser.add_argument("--overwrite", action="store_true", help="replace an existing FILE")
        add_ranks(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Print the report."""
        many = several(args)
        if args.html is not None:
            check_html(args)
        if args.definitions:
            return _as_hta(args)
        if many:
            return report_ranks(args)
        from timeline.report import report

        place = Path(args.trace[0])
        trace = open_any(place)
        found = report(
            trace,
            window=window(args.window, trace),
            communicating=communicating(args),
            chosen=groups(args),
        )
        if args.html is not None:
            write_html(args, lambda pages: pages.report_html(found, args.theme))
        elif args.json:
            print_json({**found.to_json(), "trace": str(place)})
        else:
            found.print(console())
        return 0


def _as_hta(args: argparse.Namespace) -> int:
    from timeline.report.hta import hta_report, print_hta

    if args.window is not None or args.scheduler is not None or args.group or args.html:
        raise UsageError("--as hta knows no --window, --scheduler, --group or --html: HTA has none")
    found = [hta_report(open_any(Path(one)), one, communicating(args)) for one in args.trace]
    found.sort(key=lambda one: one.rank)
    if args.json:
        print_json([one.to_json() for one in found])
    else:
        print_hta(found, console())
    return 0
