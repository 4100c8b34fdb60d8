"""The words inside a bar: as short as they can be, because bars are."""

from __future__ import annotations

from timeline.engines import GRAPH, SM
from timeline.figures.escape import plain, short
from timeline.figures.lane import Bars, Lane
from timeline.figures.palette import ROLES
from timeline.figures.units import byte_text, duration_text
from timeline.trace import Trace

__all__ = ["inside", "over"]

_LONGEST = 40


def inside(lane: Lane, bars: Bars, trace: Trace) -> list[str]:
    """Not yet escaped text of each bar: a kernel's name, a copy's amount; nothing where merged."""
    if lane.computed or lane.bucket_ns:
        return [""] * len(bars)
    names = [plain(short(name), _LONGEST) for name in lane.names]
    words = [names[code] if 0 <= code < len(names) else "" for code in bars.name.tolist()]
    if lane.kind != "activities":
        return words
    amounts = trace.column("activities", "bytes")[bars.row].tolist()
    engines = trace.names("activities", "engine")
    codes = trace.column("activities", "engine")[bars.row].tolist()
    mixed = "/stream " in lane.key
    return [
        _amount(engines[code], nbytes, mixed) if nbytes >= 0 and engines[code] != SM else word
        for word, nbytes, code in zip(words, amounts, codes, strict=True)
    ]


def _amount(engine: str, nbytes: int, mixed: bool) -> str:
    if engine == GRAPH:
        return "graph"
    return f"{engine} {byte_text(nbytes)}" if mixed else byte_text(nbytes)


def over(shades: Bars) -> list[str]:
    """How long kernels of one stream overlapped; barriers are named in a row of their own."""
    lengths = (shades.end - shades.start).tolist()
    words = zip(shades.role.tolist(), lengths, strict=True)
    return [duration_text(ns) if ROLES[code].key == "pdl" else "" for code, ns in words]
