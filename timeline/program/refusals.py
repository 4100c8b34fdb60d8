"""What the parts of the walk raise; the walk itself makes it an error with its place."""

from __future__ import annotations

from timeline.program.clocks import Host

__all__ = ["Point", "RefusedError", "UnorderedError"]

Point = tuple[Host, int]
"""A host thread, and the index of one of its operations."""


class RefusedError(Exception):
    """What is wrong with the operation at hand."""


class UnorderedError(Exception):
    """Two operations of different host threads may come in either order, and it matters which."""

    def __init__(self, earlier: Point, later: Point) -> None:
        super().__init__()
        self.earlier = earlier
        self.later = later
