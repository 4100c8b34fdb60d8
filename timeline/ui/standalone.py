"""A report as one HTML file that needs neither a server nor a network: the overview, in print."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from timeline.figures.budget import budget
from timeline.figures.choice import chosen_rows
from timeline.figures.embedded import chart_html, plotly_script
from timeline.figures.escape import plain
from timeline.figures.frame import FONT
from timeline.figures.gantt import gantt
from timeline.figures.many_ranks import many_ranks
from timeline.figures.matrix import overlap_matrix
from timeline.figures.palette import theme_named
from timeline.ranks import Job
from timeline.ranks.shown import aligned_text, missing_lines, straggler_text
from timeline.report import Report
from timeline.ui.headlines import as_html, headlines, together_headlines
from timeline.ui.inside_rows import block_rows, role_rows
from timeline.ui.measures import (
    Device,
    Rows,
    activity_rows,
    barrier_rows,
    busy_engines,
    engine_rows,
    host_wait_rows,
    overlap_rows,
    pdl_rows,
)
from timeline.ui.provenance import head, warnings
from timeline.ui.rank_tables import rank_rows, spread_rows

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["job_html", "report_html"]

ThemeName = Literal["light", "dark"]

_STYLE = """
body { margin: 0 auto; padding: 1.6rem 2rem 3rem; max-width: 1500px; background: PAPER; color: INK;
  font: 15px/1.45 FONT; }
h1 { font-size: 1.7rem; margin: 0 0 0.4rem; } h2 { font-size: 1.1rem; margin: 1.6rem 0 0.3rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.86rem; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 500; color: MUTED; }
th, td { padding: 0.28rem 0.9rem 0.28rem 0; border-bottom: 1px solid GRID; white-space: nowrap; }
td.number, th.number { text-align: right; }
td:first-child { max-width: 44rem; overflow: hidden; text-overflow: ellipsis; }
"""


def report_html(report: Report, theme: ThemeName = "light") -> str:
    """A report of one trace, with its pictures and every table.

    Parameters
    ----------
    report : Report
        Of a window, the picture shows that window.
    """
    return _page(report.name, _of_trace(report, theme), theme)


def job_html(job: Job, name: str, theme: ThemeName = "light") -> str:
    """A report of many ranks."""
    return _page(name, _of_job(job, name, theme), theme)


def _of_trace(report: Report, theme: ThemeName) -> Iterator[str]:
    found, trace = report.to_json(), report.trace
    yield f"<h1>{_text(report.name or 'Trace')}</h1>{head(trace.meta)}"
    yield from (f'<p class="muted">{_text(line)}</p>' for line in _said(report, found))
    if not found["devices"]:
        yield "<p>This trace holds no activity of a GPU.</p>"
        return
    if found["together"]:
        yield f"<h2>All devices</h2>{as_html(together_headlines(found['together']))}"
    for device in found["devices"]:
        yield from _of_device(device, theme)
    yield "<h2>What ran</h2>"
    yield chart_html(_picture(report, theme))


def _said(report: Report, found: Mapping[str, Any]) -> list[str]:
    """What to beware of, each once."""
    return list(dict.fromkeys([*warnings(report.trace.meta), *found["notes"]]))


def _picture(report: Report, theme: ThemeName) -> go.Figure:
    trace = report.trace
    window = report.devices[0].window if report.windowed else None
    return gantt(
        trace,
        window=(window.start_ns, window.end_ns) if window is not None else None,
        repeat=report.repeat,
        rows=chosen_rows("auto", [trace]),
        theme=theme,
    )


def _of_device(device: Device, theme: ThemeName) -> Iterator[str]:
    name = f" · {device['name']}" if device["name"] else ""
    yield f"<h2>{_text('GPU ' + str(device['device']) + name)}</h2>"
    yield as_html(headlines(device))
    yield chart_html(budget(device, theme))
    used = busy_engines(device)
    if len(used) > 1:
        yield "<h2>Overlap of each pair</h2>"
        figure = overlap_matrix(used, device["overlaps"], theme)
        figure.update_layout(width=180 + 130 * len(used))
        yield chart_html(figure)
    yield from filter(None, (_table(*each) for each in _tables(device)))


def _tables(device: Device) -> Iterator[tuple[str, Rows]]:
    yield "Kernels and copies", activity_rows(device)
    yield "Engines", engine_rows(device)
    yield "Busy at once", overlap_rows(device)
    yield "Dependent launches", pdl_rows(device)
    yield "Blocks on the SMs", block_rows(device)
    yield "Roles inside the kernels", role_rows(device)
    yield "Waits at the legacy default stream", barrier_rows(device)
    yield "Host waits", host_wait_rows(device)


def _of_job(job: Job, name: str, theme: ThemeName) -> Iterator[str]:
    yield f"<h1>{_text(name)}</h1>"
    yield from (f"<p>{_text(straggler_text(each))}</p>" for each in job.stragglers)
    yield from (f"<p>{_text(line)}</p>" for line in missing_lines(job))
    yield from (f"<p>{_text('Left out: ' + each.failure)}</p>" for each in job.failed)
    yield f'<p class="muted">{_text(aligned_text(job))}</p>'
    yield chart_html(many_ranks(job.to_json(), theme))
    yield _table("Ranks", rank_rows(job))
    yield _table("Spread over all ranks", spread_rows(job))


def _page(title: str, parts: Iterator[str], theme: ThemeName) -> str:
    look = theme_named(theme)
    style = _STYLE.replace("PAPER", look.paper).replace("INK", look.ink).replace("FONT", FONT)
    style = style.replace("MUTED", look.muted).replace("GRID", look.grid)
    shared = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n'
        f"<title>{_text(title or 'timeline')}</title>\n<style>{shared}{style}</style>\n"
        f"{plotly_script()}\n<main>\n{chr(10).join(parts)}\n</main>\n</html>\n"
    )


def _table(heading: str, rows: Rows) -> str:
    if not rows:
        return ""
    numeric = {name for name in rows[0] if any(isinstance(row[name], int | float) for row in rows)}
    titles = "".join(f"<th{_side(n in numeric)}>{_text(n)}</th>" for n in rows[0])
    body = "".join(_row(row, numeric) for row in rows)
    table = f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"
    return f'<h2>{_text(heading)}</h2><div class="scroll">{table}</div>'


def _row(row: Mapping[str, Any], numeric: set[str]) -> str:
    cells = (f"<td{_side(n in numeric)}>{_text(_value(n, v))}</td>" for n, v in row.items())
    return f"<tr>{''.join(cells)}</tr>"


def _side(right: bool) -> str:
    return ' class="number"' if right else ""


def _value(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.1f}" if name == "GB/s" else f"{value:.1%}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _text(words: str) -> str:
    return html.escape(plain(words, 2000))
