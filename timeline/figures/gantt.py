"""Gantt figures of traces, per engine or per stream, in Plotly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from timeline.errors import MissingExtraError, UsageError
from timeline.figures.choice import Repeat, RowsChoice, chosen_repeat, chosen_rows
from timeline.figures.escape import html_text
from timeline.figures.families import families
from timeline.figures.lane import Rows
from timeline.figures.palette import theme_named
from timeline.figures.rows import MOST_BARS, By, rows_of
from timeline.figures.units import duration_text, unit_for
from timeline.trace import Trace

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from timeline.figures.chart import Chart

__all__ = ["compare", "gantt"]

ThemeName = Literal["light", "dark"]


def gantt(
    trace: Trace,
    *,
    window: tuple[int, int] | None = None,
    repeat: int | None = None,
    rows: By = "engine",
    host: bool = True,
    stamps: bool = True,
    kernel: str = "",
    sms: int = 0,
    theme: ThemeName = "light",
    title: str = "",
    most: int = MOST_BARS,
) -> go.Figure:
    """Draw a trace: a row for each engine or stream, host thread, NVTX nesting and kernel role.

    The time axis starts at the first activity shown (or at the window), in a unit that fits; the
    hover gives exact ns. Kernels of one stream that overlap are shaded green with the length of
    the overlap; whoever waits is hatched.

    Parameters
    ----------
    window : (int, int), optional
        Trace time, ns.
    repeat : int, optional
        Index of one repeat of the Program.
    rows : {"engine", "stream"}
        What the rows of a device stand for.
    host, stamps : bool
        Whether to show host threads and NVTX ranges, and spans inside kernels.
    kernel : str, optional
        Zoom in on one launch, that of median duration, of a kernel whose blocks wrote stamps: its
        name, or a part of it.
    sms : int
        SMs to show, from the first, with the roles of the blocks on each.
    theme : {"light", "dark"}
        Its colours.
    title : str
        Above it; by default what the trace says of itself.
    most : int
        Bars above which rows are summed up in buckets; the figure says so when it happens.

    Returns
    -------
    plotly.graph_objects.Figure
        With a height that follows from its rows.

    Raises
    ------
    UsageError
        For an empty window, or a repeat that the trace doesn't have.
    MissingExtraError
        Without Plotly.
    """
    known = families([trace])
    found = rows_of(
        trace,
        window=window,
        repeat=repeat,
        by=rows,
        host=host,
        stamps=stamps,
        kernel=kernel,
        sms=sms,
        known=known,
        most=most,
    )
    span = found.window[1] - found.window[0]
    chart = _chart(span, theme, known)
    chart.add(found, trace)
    return chart.figure((0, span), title, _note([found]))


def compare(
    traces: Mapping[str, Trace],
    *,
    repeat: Repeat = "median",
    rows: RowsChoice = "auto",
    host: bool = False,
    stamps: bool = False,
    kernel: str = "",
    sms: int = 0,
    theme: ThemeName = "light",
    title: str = "",
    most: int = MOST_BARS,
    windows: Mapping[str, tuple[int, int]] | None = None,
) -> go.Figure:
    """Draw traces one above the other on one axis, each from its own first activity.

    Parameters
    ----------
    traces : mapping of str to Trace
        By name, the baseline first; each says how its makespan compares with the first one's.
    repeat : int, "median" or None
        Which repeat to show of each: an index, the one of median makespan, or all of the trace.
        Traces without repeats are shown whole.
    rows : {"auto", "engine", "stream"}
        What the rows of a device stand for; ``auto`` takes streams if copies hardly matter.
    host, stamps, kernel, sms, theme, title, most : optional
        As of :func:`gantt`, in each of the traces.
    windows : mapping of str to (int, int), optional
        What to show of the traces of these names, trace time in ns, instead of a repeat; each is
        then drawn from the start of its window.

    Returns
    -------
    plotly.graph_objects.Figure
        With a height that follows from its rows.

    Raises
    ------
    UsageError
        Without traces.
    """
    if not traces:
        raise UsageError("nothing to compare: give at least one trace")
    cuts = windows or {}
    known, by = families(traces.values()), chosen_rows(rows, traces.values())
    found = {
        name: rows_of(
            trace,
            window=cuts.get(name),
            repeat=None if name in cuts else chosen_repeat(repeat, trace),
            by=by,
            host=host,
            stamps=stamps,
            kernel=kernel,
            sms=sms,
            known=known,
            most=most // len(traces),
            clip=name in cuts,
        )
        for name, trace in traces.items()
    }
    span = max(max(r.window[1] - r.window[0] for r in found.values()), 1)
    chart = _chart(span, theme, known)
    first = next(iter(found.values())).makespan_ns
    for name, each in found.items():
        chart.add(each, traces[name], variant_heading(name, each, first), end=True)
    return chart.figure((0, span), title, _note(list(found.values())))


def variant_heading(name: str, rows: Rows, first_ns: int) -> str:
    """Name, makespan, and change against the first; markup is escaped."""
    change = f" ({rows.makespan_ns / first_ns - 1:+.1%})".replace("-", "−") if first_ns else ""
    hidden = rows.hidden_copy_ratio
    copies = "" if hidden is None else f", {hidden:.0%} of copy time hidden"
    same = rows.makespan_ns == first_ns
    return f"{html_text(name)}: {duration_text(rows.makespan_ns)}{'' if same else change}{copies}"


def _chart(span_ns: int, theme: str, known: tuple[str, ...]) -> Chart:
    try:
        from timeline.figures.chart import Chart
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "plotly":
            raise
        raise MissingExtraError("plotly", "app") from error
    return Chart(unit_for(span_ns), theme_named(theme), known)


def _note(found: list[Rows]) -> str:
    """What the reader must know of merged bars."""
    summed = [lane for rows in found for lane in rows.lanes if lane.bucket_ns]
    if not summed:
        return ""
    total, bars = (sum(getattr(rows, what) for rows in found) for what in ("activities", "bars"))
    width = max(lane.bucket_ns for lane in summed)
    return (
        f"{total:,} activities and calls in {bars:,} bars: "
        f"{len(summed)} rows summed up in buckets of up to {width:,} ns; height is the part busy"
    )
