"""``timeline export``: a trace in the form of somebody else."""

from __future__ import annotations

import argparse
from pathlib import Path

from timeline.cli.foreign import TRACE_HELP, open_any
from timeline.cli.place import check_file

__all__ = ["Export"]


class Export:
    """Writes a trace for another tool."""

    name = "export"
    summary = "write a trace for Perfetto and other tools"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("trace", type=Path, metavar="TRACE", help=TRACE_HELP)
        parser.add_argument(
            "-o", "--out", type=Path, required=True, metavar="FILE", help="such as trace.json.gz"
        )
        parser.add_argument("--format", metavar="NAME", help="default: by the end of FILE's name")
        parser.add_argument("--overwrite", action="store_true", help="replace an existing file")

    def run(self, args: argparse.Namespace) -> int:
        """Write it."""
        from timeline.formats import by_name, by_suffix

        target = by_name(args.format) if args.format else by_suffix(args.out)
        check_file(args.out, overwrite=args.overwrite)
        target.write(open_any(args.trace), args.out)
        print(args.out)
        return 0
