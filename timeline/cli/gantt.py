"""``timeline gantt``: a picture of traces."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from timeline.cli.place import check_file, write_text
from timeline.cli.window import HELP, window
from timeline.errors import UsageError

if TYPE_CHECKING:
    from timeline.trace import Trace

__all__ = ["Gantt"]

SUFFIXES = (".svg", ".html")


class Gantt:
    """Draws a trace, one row an engine or a stream, into a file."""

    name = "gantt"
    summary = "draw a trace into an SVG or HTML file"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("trace", type=Path, metavar="TRACE", help="trace folder, or its zip")
        parser.add_argument(
            "-o", "--out", type=Path, required=True, metavar="FILE", help="a .svg or .html file"
        )
        parser.add_argument("--overwrite", action="store_true", help="replace an existing file")
        parser.add_argument(
            "--rows", choices=("engine", "stream"), default="engine", help="what a row stands for"
        )
        parser.add_argument("--window", metavar="SPAN", help=HELP)
        parser.add_argument("--host", action="store_true", help="show host threads and ranges too")
        parser.add_argument(
            "--stamps", action="store_true", help="show the time stamps inside kernels too"
        )
        parser.add_argument("--theme", choices=("light", "dark"), default="light")

    def run(self, args: argparse.Namespace) -> int:
        """Draw it."""
        if args.out.suffix not in SUFFIXES:
            raise UsageError(f"{args.out}: must end in {' or '.join(SUFFIXES)}")
        check_file(args.out, overwrite=args.overwrite)
        from timeline.trace import Trace

        trace = Trace.load(args.trace)
        draw = _svg if args.out.suffix == ".svg" else _html
        write_text(args.out, draw(trace, args))
        print(args.out)
        return 0


def _svg(trace: Trace, args: argparse.Namespace) -> str:
    from timeline.figures.svg import gantt_svg

    return gantt_svg(
        trace,
        repeat=None,
        window=window(args.window, trace),
        rows=args.rows,
        host=args.host,
        stamps=args.stamps,
        theme=args.theme,
        title=args.trace.name,
    )


def _html(trace: Trace, args: argparse.Namespace) -> str:
    from timeline.figures.gantt import gantt

    figure = gantt(
        trace,
        window=window(args.window, trace),
        rows=args.rows,
        host=args.host,
        stamps=args.stamps,
        theme=args.theme,
        title=args.trace.name,
    )
    page: str = figure.to_html(include_plotlyjs=True)  # the file needs no network
    return page
