"""``timeline query``: SQL over a trace."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from timeline.cli.foreign import TRACE_HELP, open_told
from timeline.cli.manual import Manual
from timeline.cli.output import notice, print_table, say
from timeline.cli.place import check_file
from timeline.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Query"]

_ROWS = 100
_SUFFIXES = (".parquet", ".csv", ".json")


class Query:
    """Prints what a SQL statement finds in a trace, or writes it to a file."""

    name = "query"
    summary = "ask a trace in SQL"
    manual = Manual(
        "Answers one SQL statement (DuckDB's dialect) over the tables of a trace and views of "
        "them. The statement can read nothing but the trace. Needs the extra sql.",
        (
            ("which tables and views there are", "timeline query train.trace"),
            (
                "the kernels that took longest",
                'timeline query train.trace "SELECT name, count(*), sum(duration) FROM kernels '
                'GROUP BY name ORDER BY 3 DESC"',
            ),
            (
                "into a file",
                'timeline query train.trace "SELECT * FROM kernels" -o kernels.parquet',
            ),
            ("the statement from a file", "timeline query train.trace - --csv < question.sql"),
        ),
        (
            "timeline report",
            "timeline export",
        ),
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("trace", type=Path, metavar="TRACE", help=TRACE_HELP)
        parser.add_argument(
            "sql",
            nargs="?",
            metavar="SQL",
            help='one statement; "-" reads it from stdin; without it, the tables are listed',
        )
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--json", action="store_true", help="print a JSON list of rows")
        how.add_argument("--csv", action="store_true", help="print CSV")
        how.add_argument(
            "-o", "--out", type=Path, metavar="FILE", help=f"write {', '.join(_SUFFIXES)}"
        )
        parser.add_argument(
            "--rows", type=int, default=_ROWS, metavar="N", help="most rows of a printed table"
        )
        parser.add_argument("--overwrite", action="store_true", help="replace an existing file")

    def run(self, args: argparse.Namespace) -> int:
        """Ask it."""
        from timeline.query import Database
        from timeline.query.writing import write, write_csv, write_json

        if args.out is not None:
            if args.out.suffix not in _SUFFIXES:
                raise UsageError(f"{args.out}: must end in {' or '.join(_SUFFIXES)}")
            check_file(args.out, overwrite=args.overwrite)
        if args.rows < 1:
            raise UsageError(f"--rows {args.rows}: must be at least 1")
        sql = sys.stdin.read() if args.sql == "-" else args.sql
        with Database(open_told(args.trace)) as database:
            found = database.tables() if sql is None else database.ask(sql)
        if args.out is not None:
            write(found, args.out)
            say(args.out)
        elif args.json or args.csv:
            _stream(found, write_json if args.json else write_csv)
        else:
            _print(found, args.rows)
        return 0


def _stream(found: pa.Table, write: Callable[[pa.Table, TextIO], None]) -> None:
    """Write to stdout; names in it can't command a terminal, other programs get them as is."""
    if not sys.stdout.isatty():
        write(found, sys.stdout)
        return
    text = io.StringIO()
    write(found, text)
    say(text.getvalue().rstrip("\n"))


def _print(found: pa.Table, most: int) -> None:
    import pyarrow.types as kinds

    numbers = [
        index
        for index, field in enumerate(found.schema)
        if kinds.is_integer(field.type)
        or kinds.is_floating(field.type)
        or kinds.is_decimal(field.type)
    ]
    shown = found.slice(0, most).columns
    rows = zip(*([_text(value) for value in column.to_pylist()] for column in shown), strict=True)
    print_table(found.column_names, list(rows), right=numbers)
    if found.num_rows > most:
        notice(f"{found.num_rows - most:,} more rows; print them with --rows, or --csv, or -o")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
