"""What differs between two traces as rows, and the stretches of both that belong together."""

from __future__ import annotations

from collections.abc import Sequence

from timeline.check.changes import Change
from timeline.check.comparison import Comparison
from timeline.check.launched import Launched
from timeline.check.launches import Matched
from timeline.check.words import change_text, value_text
from timeline.figures.escape import plain
from timeline.trace import Trace
from timeline.ui.measures import Rows

__all__ = ["common_ranges", "figure_rows", "finding_rows", "launch_rows", "range_window"]

_MOST_RANGES = 200
_MOST_LAUNCHES = 40


def common_ranges(traces: Sequence[Trace]) -> list[str]:
    """NVTX ranges that launched something in all of the traces, in the order of the first one."""
    names = [Launched(trace).names for trace in traces]
    there = set.intersection(*map(set, names)) if names else set()
    return [name for name in names[0] if name in there][:_MOST_RANGES] if names else []


def range_window(trace: Trace, name: str) -> tuple[int, int]:
    """What the first occurrence of a range launched, over all devices: trace time, ns."""
    launched, found = Launched(trace), list[tuple[int, int]]()
    for device in sorted(set(trace.column("activities", "device").tolist())):
        works = launched.works(name, device)
        if works:
            found.append((works[0].window.start_ns, works[0].window.end_ns))
    return min(start for start, _ in found), max(end for _, end in found)


def figure_rows(found: Comparison) -> Rows:
    """Figures that moved by more than noise, a row each."""
    return [_figure(change) for change in found.changes]


def _figure(change: Change) -> dict[str, str]:
    measure, before, now = change.name.measure, change.before, change.now
    old, new = (value_text(measure, each.median) if each else "–" for each in (before, now))
    moved = change_text(measure, before.median, now.median) if before and now else ""
    return {
        "figure": str(change.name).replace("_", " "),
        "where": plain(str(change.place)) or "everywhere",
        "before": old,
        "now": new,
        "change": moved.replace("-", "−"),
    }


def finding_rows(found: Comparison) -> Rows:
    """Findings of either trace, and which of them has each."""
    words = {True: "yes", False: "no"}
    return [
        {"finding": code, "before": words[before], "now": words[now]}
        for code, (before, now) in found.findings.items()
    ]


def launch_rows(found: Sequence[Matched]) -> Rows:
    """What runs for longer or shorter, is new or gone; what changed the time most comes first."""
    return [_launch(one) for one in found if one.differs][:_MOST_LAUNCHES]


def _launch(one: Matched) -> dict[str, object]:
    before, now = one.before, one.now
    return {
        "name": plain(one.name),
        "engine": one.engine,
        "before: launches": round(before.launches) if before else None,
        "now: launches": round(now.launches) if now else None,
        "before: median ns": round(before.length.median) if before else None,
        "now: median ns": round(now.length.median) if now else None,
        "change of all, ns": round(one.change_ns),
    }
