"""Tables of rich in one plain style."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from timeline.text import printable

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

__all__ = ["grid", "short"]

MOST_NAME = 48
"""Columns that a name may take; C++ kernels have names of thousands of characters."""


def grid(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[int] = (),
    heading: bool = True,
) -> Table:
    """A table without frame; columns in ``right`` are set flush right.

    Parameters
    ----------
    heads : sequence of str
        Headings, one a column.
    rows : sequence of sequence of str
        Cells of plain text.
    heading : bool
        Whether the headings are shown.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=SIMPLE_HEAD if heading else None,
        pad_edge=False,
        collapse_padding=True,
        show_header=heading,
    )
    for index, head in enumerate(heads):
        number = index in right
        table.add_column(Text(head), justify="right" if number else "left", no_wrap=number)
    for row in rows:
        table.add_row(*(_cell(cell, first=index == 0) for index, cell in enumerate(row)))
    return table


def _cell(text: str, *, first: bool) -> Text:
    """The first column holds names: cut rather than folded, so that a row stays a line."""
    from rich.text import Text

    if not first:
        return Text(printable(text))
    return Text(short(printable(text)), no_wrap=True, overflow="ellipsis")


def short(text: str) -> str:
    """Cut to :data:`MOST_NAME`."""
    return text if len(text) <= MOST_NAME else text[: MOST_NAME - 1] + "…"
