"""A trace in a cell of a notebook: the picture, still everywhere and alive where Plotly is."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Mapping
from typing import Any

from timeline.figures.choice import chosen_repeat, chosen_rows
from timeline.figures.gantt import gantt
from timeline.figures.svg import gantt_svg
from timeline.figures.units import duration_text
from timeline.trace import TABLES, Trace

__all__ = ["KINDS"]


def _words(trace: Trace) -> str:
    counts = [f"{trace.rows(name):,} {name}" for name in TABLES if trace.rows(name)]
    labels = (trace.meta.labels.get(key) for key in ("technique", "variant"))
    name = " / ".join(str(label) for label in labels if label)
    length = duration_text(trace.span[1] - trace.span[0])
    parts = [name, trace.meta.source, length, *counts]
    return f"<Trace {', '.join(filter(None, parts))}>"


def _picture(trace: Trace) -> str | None:
    """SVG, which needs no Plotly and which every viewer of notebooks draws."""
    if not trace.rows("activities"):
        return None
    return gantt_svg(trace, repeat="median", rows="auto", host=True)


def _figure(trace: Trace) -> Mapping[str, Any] | None:
    """What JupyterLab and VS Code draw with Plotly, where it is installed."""
    if not trace.rows("activities") or importlib.util.find_spec("plotly") is None:
        return None
    repeat, rows = chosen_repeat("median", trace), chosen_rows("auto", [trace])
    found: Mapping[str, Any] = json.loads(gantt(trace, repeat=repeat, rows=rows).to_json())
    return found


KINDS: Mapping[str, Callable[[Trace], Any]] = {
    "text/plain": _words,
    "image/svg+xml": _picture,
    "application/vnd.plotly.v1+json": _figure,
}
"""What makes each MIME type; None where there is nothing to draw."""
