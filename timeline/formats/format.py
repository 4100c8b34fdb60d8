"""What a foreign format offers."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from timeline.formats.options import ImportOptions, Progress
from timeline.trace import Trace

__all__ = ["Format", "Writer"]


class Writer(Protocol):
    """A form in which traces are written.

    Its module is a package of :mod:`timeline.formats` that binds an instance to ``FORMAT``.

    Attributes
    ----------
    name : str
        What ``--format`` takes, equal to the module's name.
    title : str
        What people call it.
    suffixes : tuple of str
        Ends of file names that :meth:`write` stands for, such as ``".json.gz"``; empty if it can't.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]

    def write(self, trace: Trace, path: Path, progress: Progress | None = None) -> None:
        """Write a file that appears at ``path`` whole or not at all.

        ``progress`` is told how far it is, in rows or packets; whatever it raises ends it and
        leaves nothing behind.

        Raises
        ------
        OutputError
            When the place can't be written.
        """
        ...


class Format(Writer, Protocol):
    """A format of somebody else, read and perhaps written.

    Its module imports nothing heavy, so that looking at a file costs little.
    """

    def sniff(self, path: Path) -> bool:
        """Whether the file is of this format, by its content; reads a few kilobytes.

        A file that can't be read is not; never raises.
        """
        ...

    def read(self, path: Path, options: ImportOptions) -> Trace:
        """Read the file.

        What has no place in a trace, and what was unsound, is in ``meta.notes``: see
        :class:`timeline.formats.intake.Intake`. ``meta.source`` is :attr:`name`.

        Raises
        ------
        TraceError
            One line that names the file and the place.
        """
        ...
