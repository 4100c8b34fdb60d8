"""What the picture is made of: groups of lanes, lanes of rows, rows of tracks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Group", "Lane", "Row"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of bars.

    Attributes
    ----------
    tracks : tuple of int
        Whose spans it shows; at no time has more than one of them a span.
    device : int or None
        Of a computed row: the device whose sets of busy engines it shows.
    overlap : bool
        Of a computed row: only those with the SMs and a copy engine.
    idle : str or None
        Of a computed row: the engine of the device whose idle time it shows, by cause.
    """

    tracks: tuple[int, ...] = ()
    device: int | None = None
    overlap: bool = False
    idle: str | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """Rows under one label, and the lanes that it unfolds into.

    Attributes
    ----------
    key : str
        Unique and the same in every run, such as ``gpu0/SM/stream 7``.
    label : str
        Untrusted text.
    table : str
        Table of the trace whose rows the spans are; ``engines`` for sets of busy engines, ``idle``
        for causes of idle time, which are worked out when they are wanted.
    look : str
        What all its spans are, such as the engine's name.
    """

    key: str
    label: str
    table: str
    look: str
    rows: tuple[Row, ...] = ()
    parts: tuple[Lane, ...] = ()

    def all(self) -> Iterator[Lane]:
        """The lane and all those inside it."""
        yield self
        for part in self.parts:
            yield from part.all()


@dataclass(frozen=True, slots=True)
class Group:
    """Lanes of a device, or of a host thread."""

    label: str
    lanes: tuple[Lane, ...] = field(default=())
