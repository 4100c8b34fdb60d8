"""One import at work: what it leaves aside and what it found unsound, counted and said."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from timeline.errors import TraceError
from timeline.formats.options import ImportOptions

__all__ = ["Intake"]


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
        return TraceError(f"{self.path}: {where}: {what}")

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
                f"more than {self.options.limits.rows:,} rows; allow more with "
                "timeline import --max-rows",
            )

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
