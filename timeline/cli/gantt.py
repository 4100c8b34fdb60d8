"""``timeline gantt``: a picture of traces."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from timeline.cli.foreign import TRACE_HELP, open_told
from timeline.cli.manual import Manual
from timeline.cli.output import say
from timeline.cli.place import check_file, write_text
from timeline.cli.window import HELP, window
from timeline.errors import UsageError

if TYPE_CHECKING:
    from timeline.trace import Trace

__all__ = ["Gantt"]

SUFFIXES = (".svg", ".html")


class Gantt:
    """Draws one trace, or several one above the other on one time axis, into a file."""

    name = "gantt"
    summary = "draw traces into an SVG or HTML file"
    manual = Manual(
        "Draws what each engine or stream did, one trace or several one above the other on one "
        "time axis. SVG needs nothing more; HTML, which zooms, needs the extra app.",
        (
            ("a picture of a trace", "timeline gantt train.trace -o train.svg"),
            (
                "a span of it, with host threads and NVTX ranges",
                "timeline gantt train.trace --window 1ms:2ms --host -o span.svg",
            ),
            ("two variants on one axis", "timeline gantt before.trace after.trace -o both.svg"),
            ("a page that zooms", "timeline gantt train.trace -o train-gantt.html"),
        ),
        (
            "timeline report --html",
            "timeline app",
            "timeline help windows",
        ),
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument(
            "traces",
            nargs="+",
            type=Path,
            metavar="TRACE",
            help=f"each a {TRACE_HELP}; several are set one above the other",
        )
        parser.add_argument(
            "-o", "--out", type=Path, required=True, metavar="FILE", help="a .svg or .html file"
        )
        parser.add_argument("--overwrite", action="store_true", help="replace an existing file")
        parser.add_argument("--title", help="default: the technique, or the trace's name")
        parser.add_argument(
            "--rows",
            choices=("auto", "engine", "stream"),
            default="auto",
            help="what a row stands for; auto takes streams if copies hardly matter",
        )
        parser.add_argument("--window", metavar="SPAN", help=f"of one trace: {HELP}")
        parser.add_argument("--host", action="store_true", help="show host threads and ranges too")
        parser.add_argument(
            "--stamps", action="store_true", help="show the time stamps inside kernels too"
        )
        parser.add_argument(
            "--kernel",
            default="",
            metavar="NAME",
            help="zoom in on a launch of the kernel with this in its name, that of median length, "
            "and on its stamps",
        )
        parser.add_argument(
            "--sms",
            type=int,
            default=0,
            metavar="N",
            help="show the blocks on the first N SMs, by role, from the time stamps",
        )
        parser.add_argument("--theme", choices=("light", "dark"), default="light")

    def run(self, args: argparse.Namespace) -> int:
        """Draw it."""
        if args.out.suffix not in SUFFIXES:
            raise UsageError(f"{args.out}: must end in {' or '.join(SUFFIXES)}")
        if args.sms < 0:
            raise UsageError(f"--sms {args.sms}: must not be negative")
        if args.window and args.kernel:
            raise UsageError("--window and --kernel both say what to zoom in on; give one of them")
        if args.window and len(args.traces) > 1:
            raise UsageError("--window is of one trace; draw several without it")
        check_file(args.out, overwrite=args.overwrite)
        draw = _svg if args.out.suffix == ".svg" else _html
        write_text(args.out, draw(_loaded(args.traces), args))
        say(args.out)
        return 0


def _loaded(places: list[Path]) -> dict[str, Trace]:
    """The traces by name: that of the folder, or the whole path where two are the same."""
    short = [place.name for place in places]
    unique = len(set(short)) == len(places)
    names = short if unique else [str(place) for place in places]
    return {name: open_told(place) for name, place in zip(names, places, strict=True)}


def _svg(traces: Mapping[str, Trace], args: argparse.Namespace) -> str:
    from timeline.figures.svg import gantt_svg

    first = next(iter(traces.values()))
    options = {**_options(traces, args), "rows": args.rows, "subtitle": source_text(first)}
    if len(traces) > 1:
        return gantt_svg(traces, **options)
    span = window(args.window, first)
    return gantt_svg(first, repeat=None if span else "median", window=span, **options)


def _html(traces: Mapping[str, Trace], args: argparse.Namespace) -> str:
    from timeline.figures.choice import chosen_rows
    from timeline.figures.gantt import compare, gantt

    first = next(iter(traces.values()))
    options = {**_options(traces, args), "rows": chosen_rows(args.rows, traces.values())}
    if len(traces) > 1:
        figure = compare(traces, **options)
    else:
        figure = gantt(first, window=window(args.window, first), **options)
    page: str = figure.to_html(include_plotlyjs=True)  # the file needs no network
    return page


def _options(traces: Mapping[str, Trace], args: argparse.Namespace) -> dict[str, Any]:
    return {
        "host": args.host,
        "stamps": args.stamps or bool(args.kernel),
        "kernel": args.kernel,
        "sms": args.sms,
        "theme": args.theme,
        "title": args.title or _title(traces),
    }


def _title(traces: Mapping[str, Trace]) -> str:
    """The title of the technique that all are of, or the name of the first."""
    from timeline.techniques import NAMES, technique

    found = {trace.meta.labels.get("technique") for trace in traces.values()}
    name = found.pop()
    return technique(name).title if name in NAMES and not found else next(iter(traces))


def source_text(trace: Trace) -> str:
    """Where the times of a trace are from, in a line."""
    meta = trace.meta
    names = ", ".join(dict.fromkeys(device.name for device in meta.devices))
    return f"simulated {names}" if meta.source == "sim" else f"{names}, measured by {meta.source}"
