"""The interactive timeline's data: an index of a trace, and tiles of it at any zoom.

The index is built once a trace (:func:`build`), and kept on the disk for the next time
(:func:`keep`, :func:`kept`). A *track* is a sequence of spans that don't
overlap; a *row* of the picture shows those of one or more tracks, a *lane* has rows under another.
A *tile* is 512 buckets of ``2**level`` ns of one row: every span of a bucket's width or more by
itself, and of the shorter ones how many start in each bucket. Nothing is sampled or estimated.
"""

from timeline.tiles.build import build
from timeline.tiles.index import Index
from timeline.tiles.layout import Group, Lane, Row
from timeline.tiles.measures import measures
from timeline.tiles.places import keep, kept
from timeline.tiles.store import identity_of
from timeline.tiles.tile import BUCKETS, Tile, tile

__all__ = [
    "BUCKETS",
    "Group",
    "Index",
    "Lane",
    "Row",
    "Tile",
    "build",
    "identity_of",
    "keep",
    "kept",
    "measures",
    "tile",
]
