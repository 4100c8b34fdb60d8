"""A trace as the timeline shows it: its index, and the trace for what is asked of one bar."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from timeline.figures.escape import plain, short
from timeline.figures.families import kept, shades
from timeline.tiles import Index
from timeline.trace import Trace
from timeline.ui.canvas.kept import KEPT
from timeline.ui.canvas.links import Links

__all__ = ["Shown"]


@dataclass(frozen=True, eq=False)
class Shown:
    """What one token gives access to.

    Attributes
    ----------
    trace : Trace
        Its tables may have to be read first, which takes a while.
    """

    title: str
    trace: Trace

    @property
    def index(self) -> Index:
        """The index of the trace."""
        return KEPT.index(self.trace)

    @property
    def links(self) -> Links:
        """Finds what a span has to do with others."""
        return Links(self.trace)

    @cached_property
    def shades(self) -> dict[int, int]:
        """Index of the shade of each kernel name."""
        codes, texts = list(self.index.kernel_ns), self.index.names["activities"]
        names = texts.take(pa.array(codes, pa.int32())).to_pylist() if codes else []
        busy: dict[str, int] = {}
        for name, ns in zip(names, self.index.kernel_ns.values(), strict=True):
            busy[short(name)] = busy.get(short(name), 0) + ns
        found = shades(names, kept(busy)).tolist()
        return dict(zip(codes, found, strict=True))

    def texts(self, table: str, codes: list[int]) -> list[tuple[str, str]]:
        """Of each name, made safe: what fits into a bar, and the whole."""
        known = self.index.names[table]
        inside = [code for code in codes if 0 <= code < len(known)]
        names = known.take(pa.array(np.array(inside, np.int64))).to_pylist()
        found = dict(zip(inside, names, strict=True))
        words = [found.get(code) or "" for code in codes]
        return [(plain(short(word), 60), plain(word, 400)) for word in words]
