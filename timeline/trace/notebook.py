"""How a trace shows itself in a notebook: by a layer above, which is imported when a cell asks."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from timeline.trace.model import Trace

__all__ = ["SHOWS", "bundle"]

SHOWS = "timeline.figures.notebook"
"""The module that draws, by name: traces know nothing of pictures."""


def bundle(
    trace: Trace, include: Iterable[str] | None, exclude: Iterable[str] | None
) -> dict[str, Any]:
    """The trace by MIME type, as IPython's display protocol has it.

    Parameters
    ----------
    include, exclude : iterable of str, optional
        MIME types to make, or to leave out; by default all are made.
    """
    shown = import_module(SHOWS).KINDS
    wanted = set(shown) if include is None else set(include) & set(shown)
    found = {kind: shown[kind](trace) for kind in sorted(wanted - set(exclude or ()))}
    return {kind: made for kind, made in found.items() if made is not None}
