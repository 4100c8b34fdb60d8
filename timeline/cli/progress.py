"""A progress bar on a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from timeline.text import printable

__all__ = ["byte_progress", "progress"]


@contextmanager
def progress(steps: int) -> Iterator[Callable[[str], None]]:
    """Show a bar of ``steps`` on stderr if that is a terminal.

    Yields
    ------
    callable
        To be called with what begins, at the beginning of each step.
    """
    if not sys.stderr.isatty():
        yield lambda what: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from timeline.cli.output import console

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=steps)
        begun = 0

        def begin(what: str) -> None:
            nonlocal begun
            bar.update(task, description=printable(what), completed=begun)
            begun += 1

        yield begin


@contextmanager
def byte_progress(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """Show how far a file has been read, on stderr if that is a terminal.

    Yields
    ------
    callable or None
        To be called with what is done and the total; None where nobody would see it.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.markup import escape
    from rich.progress import Progress

    from timeline.cli.output import console

    with Progress(console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(printable(what)), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)
