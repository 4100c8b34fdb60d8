"""How to import: what to forgive, how much to take, whom to tell how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from timeline.limits import Limits

__all__ = ["ImportOptions", "Limits", "Progress"]

Progress = Callable[[int, int], None]
"""Called with (done, total), both in one unit; total is 0 when it is not known."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Options that every importer understands.

    Attributes
    ----------
    lenient : bool
        Keep what is sound of a damaged file, and count what is not, instead of an error.
    limits : Limits
        How much to take; by default as the environment says.
    progress : callable
        Told how far it is; whatever it raises ends the import and leaves nothing behind.
    """

    lenient: bool = False
    limits: Limits = field(default_factory=lambda: Limits().raised())
    progress: Progress | None = None
