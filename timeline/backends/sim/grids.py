"""Grids whose blocks are looked at, and blocks that started together."""

from __future__ import annotations

from timeline.backends.sim.classes import KernelSpec
from timeline.backends.sim.places import Place

__all__ = ["Cohort", "Grid"]


class Grid:
    """A grid with its blocks: ``pending`` ones not started, the others in cohorts."""

    __slots__ = (
        "begin", "cohorts", "early", "node", "pending", "rank", "spec", "started",
    )  # fmt: skip

    def __init__(self, node: int, spec: KernelSpec, rank: tuple[int, int], early: bool) -> None:
        self.node, self.spec, self.rank, self.early = node, spec, rank, early
        self.pending = spec.blocks
        self.cohorts: list[Cohort] = []
        self.started = False
        self.begin = 0


class Cohort:
    """Blocks of a grid that started together.

    Attributes
    ----------
    folds : int
        Further waves of as many blocks that follow in the same place.
    main : int
        When its blocks returned from ``griddepcontrol.wait``, or started without one.
    where : Place
        The SMs that they are on.
    """

    __slots__ = (
        "begin", "blocks", "first", "folds", "grid", "main", "number", "running", "wave_ns",
        "where",
    )  # fmt: skip

    def __init__(
        self, number: int, grid: Grid, blocks: int, begin: int, first: int, where: Place
    ) -> None:
        self.number, self.grid, self.blocks, self.begin = number, grid, blocks, begin
        self.where = where
        self.first, self.main = first, begin
        self.folds, self.wave_ns, self.running = 0, 0, False
