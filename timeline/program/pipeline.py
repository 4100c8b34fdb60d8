"""How the roles of a warp-specialised block work through its tiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.errors import ProgramError

__all__ = ["Pipeline"]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A chain of roles, each of which takes every tile of its block in turn.

    Attributes
    ----------
    roles : tuple of str
        In the order in which a tile passes through them.
    tile_ns : tuple of float
        What each takes for one tile.
    stages : tuple of int
        Buffers between each role and the next, a tile each: a role waits while all are full.
    tiles : int
        Tiles of a block.
    in_flight : tuple of str
        Roles that begin a tile without waiting for their last one to end: asynchronous copies.
    """

    roles: tuple[str, ...]
    tile_ns: tuple[float, ...]
    stages: tuple[int, ...]
    tiles: int
    in_flight: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lengths = (len(self.tile_ns), len(self.stages) + 1)
        if lengths != (len(self.roles), len(self.roles)):
            raise ProgramError(
                f"a pipeline of {len(self.roles)} roles takes a time for each and the stages "
                f"between them, not {lengths[0]} and {len(self.stages)}"
            )
        if self.tiles < 1 or min(self.stages, default=1) < 1 or min(self.tile_ns) < 0:
            raise ProgramError("a pipeline has tiles, at least one stage and no negative times")

    def spans(self) -> npt.NDArray[np.float64]:
        """When each role works on each tile, ns from the block's start.

        ``start[r, k] = max(end[r, k - 1], end[r - 1, k], end[r + 1, k - stages[r]])``, the first
        term left out for a role in flight.

        Returns
        -------
        (roles, tiles, 2) array
            Start and end.
        """
        count = len(self.roles)
        spans = np.zeros((count, self.tiles, 2))
        for tile in range(self.tiles):
            for role in range(count):
                ready = [0.0]
                if tile:
                    ready.append(
                        spans[role, tile - 1, 0 if self.roles[role] in self.in_flight else 1]
                    )
                if role:
                    ready.append(spans[role - 1, tile, 1])
                if role + 1 < count and tile >= self.stages[role]:
                    ready.append(spans[role + 1, tile - self.stages[role], 1])
                start = max(ready)
                spans[role, tile] = start, start + self.tile_ns[role]
        return spans

    @property
    def ns(self) -> float:
        """From the first tile's start in the first role to the last one's end in the last."""
        return float(self.spans()[-1, -1, 1])
