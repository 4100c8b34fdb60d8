"""A row of a timeline picture as columns; Plotly and SVG draw the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.figures.palette import role_code

__all__ = ["Bars", "Lane", "Rows"]

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Bars:
    """Bars of a lane, ascending by start.

    Attributes
    ----------
    start, end : (n,) int64
        Trace time, ns.
    role : (n,) int32
        Index into :data:`timeline.figures.palette.ROLES`.
    name : (n,) int32
        Index into the lane's names.
    row : (n,) int64
        Row of the lane's table; of a bucket, the row of its longest activity; -1 for a bar that
        was computed.
    depth : (n,) int32
        Sub-row.
    height : (n,) float64
        Part of the sub-row's height that it fills, from below.
    count : (n,) int64
        Activities it stands for: 1, or as many as start in the bucket.
    busy_ns : (n,) int64
        Ns busy within ``[start, end)``.
    longest_ns : (n,) int64
        Length of the longest activity it stands for; -1 when none starts in the bucket.
    """

    start: Int64
    end: Int64
    role: Int32
    name: Int32
    row: Int64
    depth: Int32
    height: npt.NDArray[np.float64]
    count: Int64
    busy_ns: Int64
    longest_ns: Int64

    def __len__(self) -> int:
        return len(self.start)

    def take(self, which: npt.NDArray[np.bool_]) -> Bars:
        """Those bars for which ``which`` is True."""
        return Bars(*(getattr(self, name)[which] for name in self.__dataclass_fields__))

    @classmethod
    def plain(
        cls,
        start: Int64,
        end: Int64,
        role: Int32 | int,
        name: Int32 | None = None,
        row: Int64 | None = None,
        depth: Int32 | None = None,
    ) -> Bars:
        """Bars of full height, each standing for itself."""
        n = len(start)
        roles = np.full(n, role, np.int32) if isinstance(role, int) else role
        return cls(
            start,
            end,
            roles,
            np.zeros(n, np.int32) if name is None else name,
            np.full(n, -1, np.int64) if row is None else row,
            np.zeros(n, np.int32) if depth is None else depth,
            np.ones(n),
            np.ones(n, np.int64),
            end - start,
            end - start,
        )


@dataclass(frozen=True, eq=False)
class Lane:
    """One row of the picture.

    Attributes
    ----------
    key : str
        Unique in the picture, such as ``gpu0/SM``.
    group : str
        Heading it stands under.
    kind : str
        Table of the trace that ``bars.row`` points into (``activities``, ``calls``, ``ranges``,
        ``syncs``), or of a computed lane ``strip`` (spans, drawn thin), ``profile`` (heights say
        how much there is) or ``level`` (the same, drawn thin).
    names : sequence of str
        Untrusted text: escape before showing.
    shades : Bars
        Spans shaded over the full height of the lane, such as an overlap within a stream.
    bucket_ns : int
        Width of its buckets; 0 when every bar is one activity.
    """

    key: str
    label: str
    group: str
    kind: str
    bars: Bars
    names: Sequence[str]
    shades: Bars
    bucket_ns: int = 0

    @property
    def depths(self) -> int:
        """Sub-rows."""
        return int(self.bars.depth.max()) + 1 if len(self.bars) else 1

    @property
    def thin(self) -> bool:
        """Whether it is drawn thinner than other lanes."""
        return self.kind in ("strip", "level")

    @property
    def labelled(self) -> bool:
        """Whether it has shades with a length to tell."""
        return bool((self.shades.role == role_code("pdl")).any())

    @property
    def computed(self) -> bool:
        """Whether its bars are no rows of a table."""
        return self.kind in ("strip", "profile", "level")


@dataclass(frozen=True, eq=False)
class Rows:
    """All rows of one trace's picture.

    Attributes
    ----------
    window : (int, int)
        What is in view at first, trace time in ns.
    makespan_ns : int
        From the first start to the last end of the activities shown.
    hidden_copy_ratio : float or None
        |copies ∩ SM| / |copies| of the activities shown; None where copies take less than a
        twentieth of the makespan, and on several devices.
    """

    lanes: tuple[Lane, ...]
    window: tuple[int, int]
    makespan_ns: int
    hidden_copy_ratio: float | None
    families: tuple[str, ...]

    @property
    def bars(self) -> int:
        """Bars in all lanes."""
        return sum(len(lane.bars) for lane in self.lanes)

    @property
    def activities(self) -> int:
        """Activities and calls that the bars stand for."""
        return sum(int(lane.bars.count.sum()) for lane in self.lanes if not lane.computed)
