"""A job as JSON and as tables."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from timeline.engines import ENGINES
from timeline.ranks.job import Job, Straggler, number
from timeline.report.units import UNDEFINED, percent_text, ratio_text, time_text

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "SPREAD_HEADS",
    "aligned_text",
    "as_json",
    "missing_lines",
    "print_job",
    "spread_texts",
    "straggler_text",
]

Json = dict[str, Any]

MOST_ROWS = 40
"""Rows of the table; of more ranks those with the longest makespans."""
MOST_STRAGGLERS = 10

SPREAD_HEADS = ("over all ranks", "median", "min", "max", "MAD")

_TEXT = {"ns": time_text, "ratio": ratio_text, "efficiency": ratio_text}


def as_json(job: Job) -> Json:
    """See :meth:`timeline.ranks.Job.to_json`."""
    late = job.lateness_ns
    return {
        "ranks": [
            {
                "rank": number(rank),
                "place": rank.place,
                "aligned_start_ns": int(job.starts_ns[i]),
                "mean_lateness_ns": None if late is None else int(late[i]),
                "devices": [
                    {
                        **dataclasses.asdict(device),
                        "idle_ratio": device.idle_ratio,
                        "exposed_copy_ns": device.exposed_copy_ns,
                        "hidden_copy_ratio": device.hidden_copy_ratio,
                        "pipeline_efficiency": device.pipeline_efficiency,
                    }
                    for device in rank.devices
                ],
                "notes": list(rank.notes),
            }
            for i, rank in enumerate(job.ranks)
        ],
        "failed": [{"rank": number(f), "place": f.place, "why": f.failure} for f in job.failed],
        "alignment": {
            "by": job.alignment.by,
            "matched": job.alignment.matched,
            "residual_ns": job.alignment.residual_ns,
            "offsets_ns": job.alignment.offsets_ns.tolist(),
        },
        "spread": {name: dataclasses.asdict(each) for name, each in job.spreads.items()},
        "stragglers": [dataclasses.asdict(each) for each in job.stragglers],
    }


def print_job(job: Job, console: Console | None = None) -> None:
    """See :meth:`timeline.ranks.Job.print`."""
    from rich.console import Console

    from timeline.report.tables import grid
    from timeline.text import printable

    out = console or Console(highlight=False, markup=False, emoji=False)
    heads, rows = _rank_rows(job)
    out.print(grid(heads, rows, right=range(2, len(heads))))
    if len(job.rows) > MOST_ROWS:
        out.print(f"({MOST_ROWS} of {len(job.rows):,}, the longest; --json has all)")
    out.print(grid(SPREAD_HEADS, spread_texts(job), right=range(1, 5)))
    out.print(printable(aligned_text(job)))
    for line in _straggler_lines(job):
        out.print(printable(line))
    for line in missing_lines(job):
        out.print(printable(line))
    for failed in job.failed:
        out.print(printable(f"Left out: {failed.failure}"))


def missing_lines(job: Job) -> list[str]:
    """What traces of ranks lack of what was recorded; untrusted text."""
    return [f"Rank {number(one)}: {text}" for one in job.ranks for text in one.missing]


def _rank_rows(job: Job) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    used = {engine for _, device in job.rows for engine, ns in device.busy_ns.items() if ns}
    engines = [engine for engine in ENGINES if engine in used]
    late = job.lateness_ns
    index = {number(rank): i for i, rank in enumerate(job.ranks)}
    rows = []
    for rank, device in _shown(job):
        makespan = device.makespan_ns
        rows.append(
            (
                str(rank),
                str(device.device),
                time_text(makespan),
                time_text(int(job.starts_ns[index[rank]])),
                UNDEFINED if late is None else time_text(int(late[index[rank]])),
                *(percent_text(_part(device.busy_ns.get(e, 0), makespan)) for e in engines),
                percent_text(device.idle_ratio),
                ratio_text(device.hidden_copy_ratio),
                ratio_text(device.pipeline_efficiency),
            )
        )
    heads = ("rank", "device", "makespan", "starts", "late", *engines, "idle")
    return (*heads, "hidden copies", "efficiency"), rows


def _shown(job: Job) -> list[Any]:
    if len(job.rows) <= MOST_ROWS:
        return job.rows
    longest = sorted(job.rows, key=lambda row: -row[1].makespan_ns)[:MOST_ROWS]
    return sorted(longest, key=lambda row: row[0])


def _part(ns: int, of: int) -> float | None:
    return ns / of if of else None


def spread_texts(job: Job) -> list[tuple[str, ...]]:
    """How much each figure varies: rows under :data:`SPREAD_HEADS`, as text."""
    rows = []
    for name, found in job.spreads.items():
        words = name.split("_")
        text = _TEXT[words[-1]]
        shown = " ".join(words[:-1]) if words[-1] == "ns" else " ".join(words)
        values = (found.median, found.min, found.max, found.mad)
        rows.append((shown, *(text(value) for value in values)))
    return rows


def aligned_text(job: Job) -> str:
    """By what the clocks were aligned, and how closely."""
    found = job.alignment
    if found.by == "collective":
        return (
            f"Clocks aligned by the ends of {found.matched:,} collectives that all ranks ran, "
            f"to {time_text(found.residual_ns)}."
        )
    if found.by == "range":
        return (
            f"Clocks aligned by the first starts of {found.matched:,} NVTX ranges that all ranks "
            f"have, to {time_text(found.residual_ns)}."
        )
    return "Clocks aligned by the first activity of each rank: they share no collective or range."


def _straggler_lines(job: Job) -> list[str]:
    if not job.stragglers:
        return ["No rank stands out."]
    lines = [straggler_text(each) for each in job.stragglers[:MOST_STRAGGLERS]]
    more = len(job.stragglers) - MOST_STRAGGLERS
    return [*lines, *([f"{more:,} more ranks stand out."] if more > 0 else [])]


def straggler_text(each: Straggler) -> str:
    """Who stands out, and by what."""
    return (
        f"Rank {each.rank} stands out: {each.by} {time_text(each.ns)}, "
        f"the median is {time_text(each.median_ns)}."
    )
