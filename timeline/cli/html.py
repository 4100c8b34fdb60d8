"""Reports as HTML files: what ``timeline report --html`` does."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import Any

from timeline.cli.place import check_file, write_text
from timeline.errors import MissingExtraError, UsageError

__all__ = ["check_html", "write_html"]

SUFFIX = ".html"


def check_html(args: argparse.Namespace) -> None:
    """Fail before the work if the file can't be written.

    Raises
    ------
    UsageError
        For a name that isn't an HTML file's, or with ``--json``.
    OutputError
        When something is there that may not be overwritten.
    """
    if args.json:
        raise UsageError("--html and --json both say how to write it; give one of them")
    if args.html.suffix != SUFFIX:
        raise UsageError(f"{args.html}: must end in {SUFFIX}")
    check_file(args.html, overwrite=args.overwrite)


def write_html(args: argparse.Namespace, page: Callable[[Any], str]) -> None:
    """Write what ``page`` makes of :mod:`timeline.ui.standalone`, and print the file's name.

    Raises
    ------
    MissingExtraError
        Without Plotly.
    """
    try:
        pages = import_module("timeline.ui.standalone")
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "plotly":
            raise
        raise MissingExtraError("plotly", "app") from error
    write_text(args.html, page(pages))
    print(args.html)
