"""What of a recording a trace holds, where that is not all of it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

__all__ = ["Kept"]


@dataclass(frozen=True, slots=True)
class Kept:
    """How much of a recording is in its trace.

    Attributes
    ----------
    ended : bool
        The recording came to its end. Without that, it was killed, or could not go on.
    parts : int
        Parts that were written in all, also those that were dropped since.
    until_ns : int
        When the newest part was written, ns after the trace's time 0.
    why : str
        What kept the recording from going on, if it could say so.
    dropped_parts : int
        The oldest parts, which made room for newer ones.
    dropped_rows : int
        Rows of all tables in them.
    dropped_until_ns : int
        When the newest of them was written, ns after the trace's time 0.
    """

    ended: bool = False
    parts: int = 0
    until_ns: int = 0
    why: str = ""
    dropped_parts: int = 0
    dropped_rows: int = 0
    dropped_until_ns: int = 0

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return self.ended and not self.dropped_parts

    def notes(self) -> tuple[str, ...]:
        """What the reader must know, one sentence each."""
        return (*self._stopped(), *self._dropped())

    def _stopped(self) -> tuple[str, ...]:
        if self.ended:
            return ()
        stopped = f"The recording could not go on ({self.why})" if self.why else NOT_ENDED
        if not self.parts:
            return (f"{stopped}, and stopped before its first part: nothing of it is here.",)
        return (
            f"{stopped}: everything up to part {self.parts}, written {_seconds(self.until_ns)} "
            "after the start, is here; what came later, or still ran then, is missing.",
        )

    def _dropped(self) -> tuple[str, ...]:
        if not self.dropped_parts:
            return ()
        return (
            f"Only the newest parts were to be kept: the oldest {self.dropped_parts} of "
            f"{self.parts}, with {self.dropped_rows:,} rows until "
            f"{_seconds(self.dropped_until_ns)} after the start, were dropped.",
        )

    @classmethod
    def from_json(cls, value: object) -> Kept | None:
        """Read what ``dataclasses.asdict`` gave; None comes back as it is.

        Raises
        ------
        TypeError
            When it is of another form.
        """
        if value is None:
            return None
        if not isinstance(value, dict):
            raise TypeError("'kept' must be a JSON object")
        found: dict[str, Any] = {}
        for field in dataclasses.fields(cls):
            given = value.get(field.name, field.default)
            if type(given) is not type(field.default):
                raise TypeError(f"'kept.{field.name}' must be of {type(field.default).__name__}")
            found[field.name] = given
        return cls(**found)


NOT_ENDED = "The recording did not end"


def _seconds(ns: int) -> str:
    return f"{ns / 1e9:,.3f} s"
