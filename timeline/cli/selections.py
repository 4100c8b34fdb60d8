"""Kernels that the user names on the command line."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from timeline.errors import UsageError

if TYPE_CHECKING:
    from timeline.analysis import Selection

__all__ = ["add_selections", "communicating", "groups"]


def add_selections(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    group = parser.add_argument_group(
        "kernels by name",
        "PATTERN is a name with * and ?, or nvtx:PATTERN for what an NVTX range issued",
    )
    group.add_argument(
        "--communication",
        action="append",
        default=[],
        metavar="PATTERN",
        help="these communicate too; may be repeated",
    )
    group.add_argument(
        "--group",
        action="append",
        default=[],
        metavar="NAME=PATTERN",
        help="a group to hold against the other groups; a name may have several patterns",
    )


def communicating(args: argparse.Namespace) -> Selection | None:
    """What communicates besides what is known; None if nothing was named."""
    from timeline.analysis import Selection

    return Selection.of(args.communication) if args.communication else None


def groups(args: argparse.Namespace) -> dict[str, Selection]:
    """The groups, in the order in which they were named first.

    Raises
    ------
    UsageError
        For one without a name or a pattern.
    """
    from timeline.analysis import Selection

    found: dict[str, list[str]] = {}
    for text in args.group:
        name, _, pattern = text.partition("=")
        if not name or not pattern:
            raise UsageError(f"--group {text}: expected NAME=PATTERN, such as gemm='*gemm*'")
        found.setdefault(name, []).append(pattern)
    return {name: Selection.of(patterns) for name, patterns in found.items()}
