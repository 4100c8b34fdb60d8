"""The text of a report: a headline, then one small table an idea. Names are text, never markup."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from timeline.analysis import CAUSES
from timeline.report.as_json import as_json
from timeline.report.findings import finding_table
from timeline.report.inside import inside_tables
from timeline.report.parts import parts_and_groups
from timeline.report.tables import grid
from timeline.report.units import UNDEFINED, byte_text, percent_text, ratio_text, telling, time_text
from timeline.text import line_of

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from timeline.report.model import Report

__all__ = ["print_report", "report_text"]

Json = dict[str, Any]

TEXT_WIDTH = 110
MOST_NAMES = 8
MOST_WAITS = 4


def report_text(report: Report) -> str:
    """The report as plain text."""
    from rich.console import Console

    out = io.StringIO()
    print_report(report, Console(file=out, width=TEXT_WIDTH, color_system=None))
    return out.getvalue()


def print_report(report: Report, console: Console | None = None) -> None:
    """Print to ``console``, by default to stdout."""
    from rich.console import Console

    console = console or Console(highlight=False)
    found = as_json(report)
    for line in _header(report, found):
        console.print(line, markup=False, highlight=False)
    for device in found["devices"]:
        console.print()
        for part in _device(device, windowed=report.windowed):
            console.print(part, markup=False, highlight=False)
    if found["together"]:
        console.print()
        console.print("all devices")
        console.print(_together(found["together"]), markup=False, highlight=False)
    if not found["devices"]:
        console.print("No activities on any device.", markup=False)
    for note in found["notes"]:
        console.print(f"note: {line_of(note)}", markup=False, highlight=False)


_SHARES = {
    "latency": "latency: ready, not started",
    "calls": "API calls of the host",
    "host": "host between calls",
}

_PACED = {
    "gated": "streams held until all was enqueued",
    "partly": "streams held until the host first had to wait",
    "host": "streams ran as the host enqueued",
}


def _header(report: Report, found: Json) -> Iterator[str]:
    source = "simulated" if found["source"] == "sim" else f"measured by {found['source']}"
    facts = [source]
    if found["paced"]:
        facts.append(_PACED.get(str(found["paced"]), str(found["paced"])))
    count = found["repeats"]["count"]
    if report.repeat is not None and count > 1:
        facts.append(f"repeat {report.repeat + 1} of {count}, that of median makespan")
    if found["verified"]:
        facts.append(f"{found['verified']:,} known answers held")
    yield line_of(": ".join(filter(None, (found["trace"], "; ".join(facts)))))


def _device(one: Json, *, windowed: bool) -> Iterator[RenderableType]:
    name = f" ({one['name']})" if one["name"] else ""
    yield line_of(f"device {one['device']}{name}")
    yield _headline(one, windowed=windowed)
    yield _engines(one)
    yield _overlaps(one)
    yield from parts_and_groups(one)
    yield from filter(None, (finding_table(one["findings"]),))
    yield from filter(None, (_idle_causes(one), _path_taken(one)))
    if one["activities"]:
        yield _names(one)
    yield from filter(None, (_kernels(one), _barriers(one), _host_waits(one)))
    yield from inside_tables(one["inside_kernels"])


def _headline(one: Json, *, windowed: bool) -> RenderableType:
    limit = one["limiting_engine"] or "nothing"
    spread = "length of the window" if windowed else _spread(one["makespan_spread_ns"])
    rows = [
        ("makespan", time_text(one["makespan_ns"]), spread),
        (
            "bound",
            time_text(one["bound_ns"]),
            f"{limit} busy {time_text(one['engine_bound_ns'])}, "
            f"critical path {time_text(one['critical_path_ns'])}; "
            f"in the order issued {time_text(_issued_bound_ns(one))}",
        ),
        ("pipeline efficiency", ratio_text(one["pipeline_efficiency"]), "bound / makespan"),
        ("overlap efficiency", *_overlap_efficiency(one)),
        (
            "hidden copies",
            ratio_text(one["hidden_copy_ratio"]),
            f"of {time_text(one['copy_ns'])} copying, {time_text(one['exposed_copy_ns'])} exposed",
        ),
        (
            "device idle",
            time_text(one["idle_ns"]),
            f"longest gap {time_text(one['longest_idle_ns'])}",
        ),
    ]
    talk = one["communication"]
    if talk is not None:
        detail = f"of {time_text(talk['communication_ns'])} in collectives and peer copies, "
        detail += f"{time_text(talk['exposed_ns'])} exposed"
        rows.insert(5, ("hidden communication", ratio_text(talk["hidden_ratio"]), detail))
    return grid(("", "", ""), rows, right=(1,), heading=False)


def _together(found: Json) -> RenderableType:
    busy = ", ".join(time_text(ns) for ns in found["busy_ns"])
    ratio = found["hidden_communication_ratio"]
    rows = [
        ("makespan", time_text(found["makespan_ns"]), "first start to last end on any device"),
        ("bound", time_text(found["bound_ns"]), f"of device {found['limiting_device']}"),
        ("pipeline efficiency", ratio_text(found["pipeline_efficiency"]), "bound / makespan"),
        ("imbalance", percent_text(found["imbalance"]), f"busy {busy}"),
        (
            "spread",
            time_text(found["start_spread_ns"]),
            f"of the first starts; of the last ends {time_text(found['end_spread_ns'])}",
        ),
    ]
    if ratio is not None:
        exposed = time_text(found["exposed_communication_ns"])
        rows.append(("hidden communication", ratio_text(ratio), f"lowest; {exposed} exposed"))
    return grid(("", "", ""), rows, right=(1,), heading=False)


def _issued_bound_ns(one: Json) -> int | None:
    """No run of what was issued, in that order, is shorter: never below the engine bound."""
    path = one["issued_path_ns"]
    return None if path is None else max(path, one["engine_bound_ns"])


def _overlap_efficiency(one: Json) -> tuple[str, str]:
    """Below −1 it only says that idle time outweighs everything, so the idle time is named."""
    value = one["overlap_efficiency"]
    if value is None:
        return UNDEFINED, "nothing could overlap"
    if telling(value) is None:
        return UNDEFINED, "idle time outweighs all overlap that is possible"
    if value < 0:
        return ratio_text(value), "below 0: idle for longer than engines overlapped"
    return ratio_text(value), "part of the possible overlap"


def _spread(found: Json | None) -> str:
    if found is None or found["count"] < 2:
        return "first start to last end"
    return (
        f"median {time_text(found['median'])}, MAD {time_text(found['mad'])}, "
        f"{time_text(found['min'])} to {time_text(found['max'])} over {found['count']} repeats"
    )


def _engines(one: Json) -> RenderableType:
    rows = [
        (name, time_text(row["busy_ns"]), percent_text(row["busy_ratio"]), f"{row['activities']:,}")
        for name, row in one["engines"].items()
    ]
    return grid(("engine", "busy", "of window", "activities"), rows, right=(1, 2, 3))


def _overlaps(one: Json) -> RenderableType:
    rows = [
        (" ∩ ".join(row["engines"]), time_text(row["overlap_ns"]), ratio_text(row["ratio"]))
        for row in one["overlaps"]
    ]
    return grid(("overlap", "time", "of the shorter"), rows, right=(1, 2))


def _idle_causes(one: Json) -> RenderableType | None:
    """Engines down, causes across; causes that no engine has are left out."""
    by_engine = one["idle_causes_ns"]
    causes = [cause for cause in CAUSES if any(cause in found for found in by_engine.values())]
    rows = [
        (name, *(time_text(found[cause]) if cause in found else "–" for cause in causes))
        for name, found in by_engine.items()
    ]
    heads = ("idle because of", *(cause.replace("_", " ") for cause in causes))
    return grid(heads, rows, right=tuple(range(1, len(heads)))) if causes else None


def _path_taken(one: Json) -> RenderableType | None:
    """What the makespan was made of, the longest first."""
    shares = one["path_taken_ns"] or {}
    rows = [
        (_SHARES.get(name, name), time_text(ns), percent_text(ns / one["makespan_ns"]))
        for name, ns in sorted(shares.items(), key=lambda share: -share[1])
    ]
    return (
        grid(("critical path, as taken", "time", "of makespan"), rows, right=(1, 2))
        if rows
        else None
    )


def _names(one: Json) -> RenderableType:
    rows = [
        (
            row["name"],
            row["engine"],
            f"{row['count']:,}",
            time_text(row["total_ns"]),
            time_text(row["mean_ns"]),
            time_text(row["min_ns"]),
            time_text(row["max_ns"]),
            byte_text(row["bytes"]),
        )
        for row in one["activities"][:MOST_NAMES]
    ]
    heads = ("activity", "engine", "count", "total", "mean", "min", "max", "bytes")
    return grid(heads, rows, right=tuple(range(2, 8)))


def _kernels(one: Json) -> RenderableType | None:
    gaps, pdl = one["launch_gaps"], one["pdl"]
    if gaps is None:
        return None
    rows = [
        (
            "launch gap between kernels",
            time_text(gaps["median_ns"]),
            f"{time_text(gaps['min_ns'])} to {time_text(gaps['max_ns'])}, "
            f"{gaps['negative']:,} of {gaps['pairs']:,} negative",
        )
    ]
    if pdl is not None:
        detail = f"{pdl['attribute']:,} launched with PDL; "
        detail += f"epilogue used {ratio_text(pdl['epilogue_overlap'])}, "
        detail += f"prologue hidden {ratio_text(pdl['prologue_overlap'])}, "
        detail += f"wait returned {time_text(pdl['wait_after_end_ns'])} after the primary's end"
        rows.append(("overlap of dependent kernels", time_text(pdl["overlap_ns"]), detail))
    if one["stamps"] is not None:
        rows.append(_stamps(one["stamps"]))
    return grid(("kernels in stream order", "median", ""), rows, right=(1,))


def _stamps(found: Json) -> tuple[str, str, str]:
    detail = f"and {time_text(found['end_ns'])} before the end, in {found['kernels']:,} kernels"
    if found["outside"]:
        detail += f"; {found['outside']:,} with stamps outside: the clocks are not aligned"
    return "first stamp after the start", time_text(found["start_ns"]), detail


def _barriers(one: Json) -> RenderableType | None:
    found = one["barriers"]
    if found is None or not found["waits"]:
        return None
    rows = [
        (
            f"{row['waiting']['name']} (stream {row['waiting']['stream']})",
            f"{row['waited_for']['name']} (stream {row['waited_for']['stream']})",
            time_text(row["waited_ns"]),
        )
        for row in found["longest"][:MOST_WAITS]
    ]
    total = f"{found['waits']:,} in all; a stream was held for"
    rows.append((total, "", time_text(found["held_ns"])))
    heads = ("barrier of the legacy default stream: waiting", "waited for", "waited")
    return grid(heads, rows, right=(2,))


def _host_waits(one: Json) -> RenderableType | None:
    rows = [
        (
            row["kind"].replace("_", " "),
            f"{row['calls']:,}",
            time_text(row["blocked_ns"]),
            time_text(row["idle_ns"]),
            time_text(row["outstanding_ns"]),
        )
        for row in one["host_waits"]
    ]
    heads = ("host blocked by", "calls", "blocked", "device idle meanwhile", "for work before it")
    return grid(heads, rows, right=(1, 2, 3, 4)) if rows else None
