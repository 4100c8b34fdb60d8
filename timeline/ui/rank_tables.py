"""A job as tables of plain rows."""

from __future__ import annotations

from timeline.engines import ENGINES
from timeline.ranks import Job
from timeline.ranks.job import number
from timeline.ranks.shown import SPREAD_HEADS, spread_texts
from timeline.ui.measures import Rows

__all__ = ["rank_rows", "spread_rows"]


def rank_rows(job: Job) -> Rows:
    """One row a device of a rank; times in ns."""
    late = {number(rank): _lateness(job, i) for i, rank in enumerate(job.ranks)}
    starts = {number(rank): int(job.starts_ns[i]) for i, rank in enumerate(job.ranks)}
    used = {engine for _, device in job.rows for engine, ns in device.busy_ns.items() if ns}
    engines = [engine for engine in ENGINES if engine in used]
    return [
        {
            "rank": rank,
            "GPU": device.device,
            "makespan ns": device.makespan_ns,
            "starts ns": starts[rank],
            "late ns": late[rank],
            **{f"{engine} ns": device.busy_ns.get(engine, 0) for engine in engines},
            "idle": device.idle_ratio,
            "hidden copies": device.hidden_copy_ratio,
            "efficiency": device.pipeline_efficiency,
        }
        for rank, device in job.rows
    ]


def _lateness(job: Job, index: int) -> int | None:
    return None if job.lateness_ns is None else int(job.lateness_ns[index])


def spread_rows(job: Job) -> Rows:
    """One row a figure: how much it varies over ranks and devices."""
    return [dict(zip(SPREAD_HEADS, row, strict=True)) for row in spread_texts(job)]
