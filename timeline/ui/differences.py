"""What differs between two traces, in words, and the stretches of both that belong together."""

from __future__ import annotations

from collections.abc import Sequence

from timeline.check import entry_of
from timeline.check.changes import Change, changes
from timeline.check.launched import Launched
from timeline.check.words import change_text, value_text
from timeline.trace import Trace
from timeline.ui.measures import Rows

__all__ = ["common_ranges", "difference_rows", "range_window"]

_MOST_RANGES = 200


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


def difference_rows(before: Trace, now: Trace, range_name: str = "") -> Rows:
    """Figures whose medians are further apart than the repeats' noise, a row each.

    Parameters
    ----------
    range_name : str
        Compare what this NVTX range launched too.
    """
    ranges = [range_name] if range_name else []
    old, new = (entry_of([trace], "trace", ranges) for trace in (before, now))
    return [_row(change) for change in changes(old, new)]


def _row(change: Change) -> dict[str, str]:
    measure, before, now = change.name.measure, change.before, change.now
    old, new = (value_text(measure, each.median) if each else "–" for each in (before, now))
    moved = change_text(measure, before.median, now.median) if before and now else ""
    place = str(change.place)
    return {
        "figure": str(change.name).replace("_", " "),
        "where": place or "everywhere",
        "before": old,
        "now": new,
        "change": moved.replace("-", "−"),
    }
