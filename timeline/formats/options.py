"""How to import: what to forgive, how much to take, whom to tell how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["ImportOptions", "Limits", "Progress"]

Progress = Callable[[int, int], None]
"""Called with (done, total), both in one unit; total is 0 when it is not known."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that an importer takes from a file of others; each can be raised by the user.

    Attributes
    ----------
    file_bytes : int
        Bytes of the file as it lies on the disk.
    expanded_bytes : int
        Bytes after decompression.
    ratio : int
        Expanded bytes for each compressed one, from the first 64 MiB expanded on.
    rows : int
        Rows of all tables together, those left aside included.
    nesting : int
        Arrays and objects inside one another.
    event_bytes : int
        Bytes of a single event, message or value.
    """

    file_bytes: int = 64 << 30
    expanded_bytes: int = 256 << 30
    ratio: int = 200
    rows: int = 200_000_000
    nesting: int = 64
    event_bytes: int = 16 << 20


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Options that every importer understands.

    Attributes
    ----------
    lenient : bool
        Keep what is sound of a damaged file, and count what is not, instead of an error.
    progress : callable
        Told how far it is; whatever it raises ends the import and leaves nothing behind.
    """

    lenient: bool = False
    limits: Limits = field(default_factory=Limits)
    progress: Progress | None = None
