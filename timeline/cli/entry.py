"""From ``sys.argv`` to an exit code."""

from __future__ import annotations

import argparse
import errno
import io
import os
import sys
import textwrap
from collections.abc import Mapping, Sequence

from timeline import __version__
from timeline.cli.app import App
from timeline.cli.baseline import Baseline
from timeline.cli.calibrate import Calibrate
from timeline.cli.check import Check
from timeline.cli.claims import Claims
from timeline.cli.command import Command, Parser
from timeline.cli.compare import Compare
from timeline.cli.completing import ASKED, complete
from timeline.cli.completion import Completion
from timeline.cli.demo import Demo
from timeline.cli.doctor import Doctor
from timeline.cli.export import Export
from timeline.cli.findings import Findings
from timeline.cli.gantt import Gantt
from timeline.cli.help import Help
from timeline.cli.import_trace import Import
from timeline.cli.manual import EXIT_CODES
from timeline.cli.query import Query
from timeline.cli.record import Record
from timeline.cli.report import Report
from timeline.cli.run import Run
from timeline.cli.techniques import Techniques
from timeline.cli.topics import TOPICS
from timeline.cli.whatif import WhatIf
from timeline.errors import TimelineError, UnavailableError, unknown
from timeline.text import printable

__all__ = ["COMMANDS", "build_parser", "main"]

COMMANDS: Sequence[Command] = (
    Demo(),
    Techniques(),
    Run(),
    Record(),
    Report(),
    Findings(),
    Query(),
    Gantt(),
    WhatIf(),
    Baseline(),
    Check(),
    Compare(),
    Claims(),
    Calibrate(),
    Import(),
    Export(),
    App(),
    Doctor(),
    Completion(),
    Help(),
)
"""The sub-commands, in the order in which the help lists them."""

DESCRIPTION = "See what the GPU's engines did, per engine, and prove that they overlapped."

WIDTH = 80
"""Columns of the help's prose."""

EPILOG = f"""\
{textwrap.fill("exit codes: " + "; ".join(map(" ".join, EXIT_CODES.items())), WIDTH)}

timeline COMMAND --help has examples of each.
timeline help TOPIC tells about {", ".join(TOPICS)}."""

INTERRUPTED = 130
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
BROKEN_PIPE = 141  # what a shell reports of a process that SIGPIPE ended


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; by default those of the process.

    Returns
    -------
    int
        The exit code.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files need not be Unicode
    try:
        return _dispatch(list(sys.argv[1:] if argv is None else argv))
    except TimelineError as error:
        return _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _discard_stdout()
        return BROKEN_PIPE
    except MemoryError:
        return _fail("this machine has too little memory for it", UnavailableError.exit_code)
    except OSError as error:
        if error.filename is None and error.errno in _FULL:
            _discard_stdout()
            return _fail(f"the output: {error.strerror}", TimelineError.exit_code)
        if error.filename is None:
            raise
        return _fail(f"{error.filename}: {error.strerror}", TimelineError.exit_code)


def _dispatch(arguments: list[str]) -> int:
    commands = {command.name: command for command in COMMANDS}
    parser = build_parser(commands)
    if ASKED in os.environ:
        complete(parser)
    if not arguments:
        parser.print_help(sys.stderr)
        return TimelineError.exit_code
    if not arguments[0].startswith("-") and arguments[0] not in commands:
        raise unknown("command", arguments[0], commands)
    args = parser.parse_args(arguments)
    code = commands[args.command].run(args)
    sys.stdout.flush()  # a closed pipe must show here, not while the interpreter shuts down
    return code


def build_parser(commands: Mapping[str, Command]) -> Parser:
    """The parser of all commands."""
    form = argparse.RawDescriptionHelpFormatter
    parser = Parser(prog="timeline", description=DESCRIPTION, epilog=EPILOG, formatter_class=form)
    parser.add_argument("--version", action="version", version=f"timeline {__version__}")
    group = parser.add_subparsers(
        dest="command", metavar="COMMAND", title="commands", required=True
    )
    for name, command in commands.items():
        command.configure(
            group.add_parser(
                name,
                help=command.summary,
                description=textwrap.fill(command.manual.description, WIDTH),
                epilog=command.manual.epilog(),
                formatter_class=form,
            )
        )
    return parser


def _fail(message: str, code: int) -> int:
    print("timeline: error:", printable(" ".join(message.split())), file=sys.stderr)
    return code


def _discard_stdout() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
