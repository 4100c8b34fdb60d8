"""One import at work: what it leaves aside and what it found unsound, counted and said."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from timeline.errors import TraceError, shortened
from timeline.formats.options import ImportOptions
from timeline.limits import more

__all__ = ["Intake"]

_LONGEST_SAID = 500
_RATIO_FROM = 64 << 20


class Intake:
    """The account of one import; every importer keeps one and ends with its :meth:`notes`.

    Parameters
    ----------
    path : Path
        The file, which every error names.
    options : ImportOptions
        What to forgive and how much to take.
    """

    def __init__(self, path: Path, options: ImportOptions | None = None) -> None:
        self.path = path
        self.options = options or ImportOptions()
        self.left_aside: Counter[str] = Counter()
        self.unsound: Counter[str] = Counter()
        self._first: dict[str, str] = {}
        self._said: dict[str, None] = {}
        self._rows = 0
        self._expanded = 0
        self._until = time.monotonic() + self.options.limits.seconds

    def leave(self, what: str, count: int = 1) -> None:
        """Count rows of a kind that a trace has no place for, such as ``"flow arrows"``."""
        if count:
            self.left_aside[what] += count

    def note(self, sentence: str) -> None:
        """Say something once that the reader of the trace must know."""
        self._said.setdefault(sentence)

    def flag(self, where: str, what: str, count: int = 1) -> None:
        """Count rows that are kept although something is wrong with them, or that can't be kept.

        Unlike :meth:`refuse` this is no error: the file's form is sound, its content is not.
        """
        if count:
            self.unsound[what] += count
            self._first.setdefault(what, where)

    def refuse(self, where: str, what: str, count: int = 1) -> None:
        """An unsound place: an error, or with ``lenient`` one more of its kind.

        Parameters
        ----------
        where : str
            The place in the file, such as ``"byte 1,024"`` or ``"event 17"``.
        what : str
            What is wrong, without numbers that differ from place to place.

        Raises
        ------
        TraceError
            Unless the import is lenient.
        """
        if not self.options.lenient:
            raise self.error(where, f"{what}; keep what is sound with --lenient")
        self.flag(where, what, count)

    def error(self, where: str, what: str) -> TraceError:
        """The error that names the file and the place; also for what lenience can't mend."""
        return TraceError(f"{self.path}: {where}: {shortened(what, _LONGEST_SAID)}")

    def take_rows(self, count: int, where: str) -> None:
        """Count ``count`` more rows against the limit.

        Raises
        ------
        TraceError
            When there are more than allowed.
        """
        self._rows += count
        if self._rows > self.options.limits.rows:
            raise self.error(
                where,
                f"more than {self.options.limits.rows:,} rows; {more('rows')}",
            )
        self.check_time(where)

    def take_expanded(self, count: int, read: int, where: str) -> None:
        """Count ``count`` more bytes that came out of ``read`` compressed ones, of the file so far.

        Raises
        ------
        TraceError
            When there are more than allowed, in all or for each compressed one.
        """
        self._expanded += count
        limits = self.options.limits
        if self._expanded > limits.expanded_bytes:
            raise self.error(
                where,
                f"expands to more than {limits.expanded_bytes:,} bytes; {more('expanded_bytes')}",
            )
        if self._expanded > max(limits.ratio * read, _RATIO_FROM):
            raise self.error(
                where, f"expands more than {limits.ratio}-fold; unpack it, or {more('ratio')}"
            )

    def check_time(self, where: str) -> None:
        """Look at the clock; called wherever reading may go on for long.

        Raises
        ------
        TraceError
            When it took longer than allowed.
        """
        if self.late:
            raise self.error(where, self.too_long)

    @property
    def too_long(self) -> str:
        """What is wrong with a file whose time is over."""
        return f"takes longer than {self.options.limits.seconds:,} s; {more('seconds')}"

    @property
    def late(self) -> bool:
        """Whether its time is over."""
        return time.monotonic() > self._until

    def tell(self, done: int, total: int) -> None:
        """Report progress to whoever asked for it."""
        if self.options.progress is not None:
            self.options.progress(done, total)

    def notes(self) -> tuple[str, ...]:
        """One sentence for each kind, for :attr:`timeline.trace.Meta.notes`."""
        aside = [f"Left aside: {count:,} {what}." for what, count in self.left_aside.items()]
        wrong = [
            f"Unsound: {count:,} {what} (first at {self._first[what]})."
            for what, count in self.unsound.items()
        ]
        return (*self._said, *wrong, *aside)
