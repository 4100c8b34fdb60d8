"""``timeline app``: the dashboard."""

from __future__ import annotations

import argparse
from pathlib import Path

from timeline.cli.manual import Manual
from timeline.errors import UsageError

__all__ = ["App"]

HIGHEST_PORT = 65535


class App:
    """Opens traces in the browser."""

    name = "app"
    summary = "open traces, or the samples, in the browser"
    manual = Manual(
        "Opens traces in the browser, on 127.0.0.1 alone: overview, timeline at any zoom, "
        "findings, what-if, comparison, techniques. Without traces it opens the samples of the "
        "checkout. Needs the extra app.",
        (
            ("a trace", "timeline app train.trace"),
            (
                "all traces below a folder, on a port of your choice",
                "timeline app runs --port 8600",
            ),
        ),
        (
            "timeline report --html",
            "docs/dashboard.md",
        ),
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument(
            "traces", nargs="*", type=Path, metavar="TRACE", help="traces, or folders of traces"
        )
        parser.add_argument("--port", type=int, help="port on this machine (default: a free one)")

    def run(self, args: argparse.Namespace) -> int:
        """Serve until interrupted."""
        if args.port is not None and not 1 <= args.port <= HIGHEST_PORT:
            raise UsageError(f"--port {args.port}: must be from 1 to {HIGHEST_PORT}")
        from timeline.ui.launch import launch

        return launch(args.traces, port=args.port)
