"""Printing: tables for people, JSON for programs, notices beside either."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from timeline.errors import shortened
from timeline.text import escaped, printable

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["console", "notice", "print_json", "print_table", "say"]

MOST_NOTICE = 1000
"""Characters of a notice, which may quote a file."""

PIPE_WIDTH = 200
"""Columns of a table that goes into a file or a pipe, where no terminal sets them."""


def console(*, stderr: bool = False) -> Console:
    """A console of rich; colours only on a terminal, and none with ``NO_COLOR`` set."""
    from rich.console import Console

    class Piped(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich would end the process as if a check had failed

    made = Piped(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not made.is_terminal:
        made.width = PIPE_WIDTH
    return made


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers_from: int | None = None,
    right: Collection[int] = (),
    title: str | None = None,
) -> None:
    """Print rows of text.

    Parameters
    ----------
    columns : sequence of str
        Headings.
    rows : sequence of sequence of str
        Cells, as many a row as there are columns. Control characters are taken out.
    numbers_from : int, optional
        First column that is set flush right.
    right : collection of int
        Further columns that are.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(
        box=SIMPLE_HEAD, pad_edge=False, show_edge=False, title=title, title_justify="left"
    )
    for index, heading in enumerate(columns):
        number = index in right or (numbers_from is not None and index >= numbers_from)
        table.add_column(heading, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(printable, row))
    console().print(table)


def print_json(value: Any) -> None:
    """Print ``value`` as indented JSON; a NaN in it is a bug, since JSON has none."""
    print(escaped(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)))


def say(text: object) -> None:
    """Print lines of text; names in it can't command a terminal, other programs get them as is."""
    words = str(text)
    print("\n".join(map(printable, words.split("\n"))) if sys.stdout.isatty() else words)


def notice(message: str) -> None:
    """Tell the person at the terminal, on stderr, so that stdout stays the result."""
    print("timeline:", printable(shortened(message, MOST_NOTICE)), file=sys.stderr)
