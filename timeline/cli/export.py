"""``timeline export``: a trace in the form of somebody else."""

from __future__ import annotations

import argparse
from pathlib import Path

from timeline.cli.foreign import TRACE_HELP, open_told
from timeline.cli.manual import Manual
from timeline.cli.output import say
from timeline.cli.place import check_file, check_folder
from timeline.cli.progress import byte_progress
from timeline.errors import OutputError

__all__ = ["Export"]

_FOLDERS = ("csv", "parquet")
"""Formats of which a name without their suffix is a folder."""


class Export:
    """Writes a trace for another tool."""

    name = "export"
    summary = "write a trace for Perfetto, nsys, pandas and other tools"
    manual = Manual(
        "Writes a trace in the form of another tool, by the end of the file's name or by --format.",
        (
            ("for Perfetto and chrome://tracing", "timeline export train.trace -o trace.json.gz"),
            ("for Perfetto, natively", "timeline export train.trace -o trace.pftrace"),
            ("for nsys and what reads its exports", "timeline export train.trace -o trace.sqlite"),
            ("a table a file, for pandas", "timeline export train.trace --format csv -o tables"),
        ),
        (
            "timeline import",
            "timeline query",
            "docs/formats.md",
        ),
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("trace", type=Path, metavar="TRACE", help=TRACE_HELP)
        parser.add_argument(
            "-o",
            "--out",
            type=Path,
            required=True,
            metavar="FILE",
            help="such as trace.json.gz; with --format csv or parquet also a folder",
        )
        parser.add_argument("--format", metavar="NAME", help="default: by the end of FILE's name")
        parser.add_argument("--overwrite", action="store_true", help="replace an existing file")

    def run(self, args: argparse.Namespace) -> int:
        """Write it."""
        from timeline.formats import by_suffix, writer

        target = writer(args.format) if args.format else by_suffix(args.out)
        if args.format in _FOLDERS and not args.out.name.endswith(target.suffixes):
            _check_folder(args.out, overwrite=args.overwrite)
        else:
            check_file(args.out, overwrite=args.overwrite)
        trace = open_told(args.trace)
        with byte_progress(args.out.name) as tell:
            target.write(trace, args.out, tell)
        say(args.out)
        return 0


def _check_folder(folder: Path, *, overwrite: bool) -> None:
    if folder.is_dir() and any(folder.iterdir()) and not overwrite:
        raise OutputError(f"{folder}: exists; add --overwrite or choose another folder with -o")
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is a file; choose another folder with -o")
    check_folder(folder.parent)
