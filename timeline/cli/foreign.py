"""Opening any trace for a command, with a bar while a file of others is read."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from timeline.cli.output import notice
from timeline.cli.progress import byte_progress
from timeline.errors import UsageError
from timeline.limits import LIMIT_OPTIONS, Limits, variable

if TYPE_CHECKING:
    from timeline.trace import Trace

__all__ = ["TRACE_HELP", "add_limits", "limits_of", "open_any", "open_told", "read_any"]

TRACE_HELP = "trace folder, its zip, or a file of PyTorch and others"


def open_any(path: Path) -> Trace:
    """Open the trace at ``path``, whoever wrote it.

    Raises
    ------
    TraceError
        When it is none, or damaged.
    """
    from timeline.formats import ImportOptions, open_trace

    with byte_progress(path.name) as tell:
        return open_trace(path, ImportOptions(progress=tell))


def open_told(path: Path) -> Trace:
    """As :func:`open_any`, and tell what the trace lacks, where the result has no place for it."""
    trace = open_any(path)
    for text in trace.meta.missing():
        notice(f"{path}: {text}")
    return trace


def read_any(path: Path, *, lenient: bool, limits: Limits) -> Trace:
    """Import the file at ``path``.

    Raises
    ------
    TraceError
        When no format knows it, or it is damaged.
    """
    from timeline.formats import ImportOptions, read_foreign

    with byte_progress(path.name) as tell:
        return read_foreign(path, ImportOptions(lenient, limits, tell))


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Add an option for each of :class:`timeline.formats.Limits`."""
    group = parser.add_argument_group(
        "limits, which can all be raised, for any command by a variable of the environment"
    )
    for option, what in LIMIT_OPTIONS.values():
        group.add_argument(
            f"--max-{option}", type=int, metavar="N", help=f"the most {what}; {variable(option)}"
        )


def limits_of(args: argparse.Namespace) -> Limits:
    """The limits that were asked for, by options or else by the environment.

    Raises
    ------
    UsageError
        For one below 1.
    """
    given = {name: getattr(args, f"max_{option}") for name, (option, _) in LIMIT_OPTIONS.items()}
    for name, (option, _) in LIMIT_OPTIONS.items():
        if given[name] is not None and given[name] < 1:
            raise UsageError(f"--max-{option} {given[name]}: must be at least 1")
    chosen = {name: value for name, value in given.items() if value is not None}
    return replace(Limits().raised(), **chosen)
