"""What the pointer shows of a bar: exact ns, and what CUDA knows of the activity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.figures.escape import html_text
from timeline.figures.lane import Bars, Lane
from timeline.figures.units import byte_text
from timeline.trace import Trace

__all__ = ["Hover", "hover"]

_WHEN = "at +%{customdata[0]:,d} ns for %{customdata[2]:,d} ns (trace time %{customdata[1]:,d} ns)"
_KERNEL = "stream %{customdata[3]:d} · correlation %{customdata[4]:d}"
_COPY = "%{customdata[5]:,d} bytes at %{customdata[6]:.2f} GB/s"
_BUCKET = (
    "%{customdata[3]:,d} start in these %{customdata[2]:,d} ns, busy %{customdata[4]:,d} ns; "
    "the longest takes %{customdata[5]:,d} ns"
)


@dataclass(frozen=True, slots=True)
class Hover:
    """Hover of some bars of a lane.

    Attributes
    ----------
    text : list of str
        Escaped name and properties of each.
    data : (n, k) float64
        Plotly's ``customdata``: integers up to 2**53, exactly.
    template : str
        Plotly's ``hovertemplate``; holds no text of the trace.
    """

    text: list[str]
    data: npt.NDArray[np.float64]
    template: str


def hover(lane: Lane, bars: Bars, trace: Trace, origin_ns: int) -> Hover:
    """Describe ``bars`` of ``lane``; ``origin_ns`` is the trace time at which the axis says 0."""
    columns = [bars.start - origin_ns, bars.start, bars.end - bars.start]
    lines = [_WHEN]
    if lane.bucket_ns:
        columns += [bars.count, bars.busy_ns, bars.longest_ns]
        lines = ["at +%{customdata[0]:,d} ns", _BUCKET]
    elif lane.kind == "activities":
        columns += [trace.column("activities", c)[bars.row] for c in ("stream", "correlation")]
        lines.append(_KERNEL)
        nbytes = trace.column("activities", "bytes")[bars.row]
        if len(nbytes) and (nbytes >= 0).all():
            length = np.maximum(bars.end - bars.start, 1)
            columns += [nbytes, nbytes / length]
            lines.append(_COPY)
    elif lane.kind == "calls":
        columns += [trace.column("calls", c)[bars.row] for c in ("thread", "correlation")]
        lines.append("thread %{customdata[3]:d} · correlation %{customdata[4]:d}")
    elif lane.kind == "stamps":
        columns += [trace.column("stamps", c)[bars.row] for c in ("block", "tile", "correlation")]
        lines.append("block %{customdata[3]:d} · tile %{customdata[4]:d}")
        lines.append("correlation %{customdata[5]:d}")
    template = "<br>".join(["<b>%{hovertext}</b>", *lines]) + "<extra></extra>"
    return Hover(_texts(lane, bars, trace), np.stack(columns, axis=1).astype(np.float64), template)


def _texts(lane: Lane, bars: Bars, trace: Trace) -> list[str]:
    names = [html_text(name) for name in lane.names]
    text = [names[code] if 0 <= code < len(names) else "" for code in bars.name.tolist()]
    if lane.kind != "activities" or lane.bucket_ns:
        return text
    details = [_shape(trace, bars.row), _memory(trace, bars.row)]
    return [t + "".join(parts) for t, *parts in zip(text, *details, strict=True)]


def _shape(trace: Trace, rows: npt.NDArray[np.int64]) -> list[str]:
    """Grid and block of kernels; nothing for what has none."""
    both = np.concatenate([trace.column("activities", c)[rows] for c in ("grid", "block")], axis=1)
    shapes, codes = np.unique(both, axis=0, return_inverse=True)
    words = [_shape_text(shape.tolist()) for shape in shapes]
    return [words[code] for code in codes.reshape(-1).tolist()]


def _shape_text(shape: list[int]) -> str:
    if shape[0] < 1:
        return ""
    grid, block = ("×".join(map(str, part)) for part in (shape[:3], shape[3:]))
    return f"<br>grid {grid} · block {block}"


def _memory(trace: Trace, rows: npt.NDArray[np.int64]) -> list[str]:
    """Kinds of memory, and the amount in words, of copies and memsets."""
    nbytes = trace.column("activities", "bytes")[rows].tolist()
    ends = []
    for column in ("src_kind", "dst_kind"):
        names = [html_text(n) for n in trace.names("activities", column)] + [""]
        ends.append([names[code] for code in trace.column("activities", column)[rows].tolist()])
    return [
        "" if n < 0 else f"<br>{byte_text(n)}{f', {a} → {b}' if a and b else ''}"
        for n, a, b in zip(nbytes, *ends, strict=True)
    ]
