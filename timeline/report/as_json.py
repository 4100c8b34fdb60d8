"""The JSON of a report. The first keys are fixed; more may follow them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.analysis import Barriers, Communication, DependentLaunches, HostWaits, Together
from timeline.report.inside import inside_json
from timeline.report.model import DeviceReport, Report
from timeline.report.waits import wait_rows

__all__ = ["as_json"]

Json = dict[str, Any]

MOST_ROWS = 20
"""Entries of lists that could be as long as the trace."""


def as_json(report: Report) -> Json:
    """See :meth:`timeline.report.Report.to_json`."""
    meta = report.trace.meta
    return {
        "trace": report.name,
        "source": meta.source,
        "devices": [_device(one, report) for one in report.devices],
        "labels": dict(meta.labels),
        "paced": meta.paced,
        "dropped": meta.dropped,
        "verified": meta.verified,
        "repeats": {"count": len(meta.repeats), "measured": report.repeat},
        "kept": None if meta.kept is None else dataclasses.asdict(meta.kept),
        "notes": list(report.notes),
        "together": _together(report.together),
    }


def _device(one: DeviceReport, report: Report) -> Json:
    bound = one.bound
    fixed = {
        "device": one.device,
        "makespan_ns": bound.makespan_ns,
        "bound_ns": bound.bound_ns,
        "pipeline_efficiency": bound.pipeline_efficiency,
        "overlap_efficiency": bound.overlap_efficiency,
        "hidden_copy_ratio": one.copies.hidden_ratio,
        "exposed_copy_ns": one.copies.exposed_ns,
        "engines": {
            row.engine: {
                "busy_ns": row.busy_ns,
                "busy_ratio": row.busy_ratio,
                "activities": row.activities,
            }
            for row in one.utilization
        },
        "overlaps": [
            {"engines": list(row.engines), "overlap_ns": row.overlap_ns, "ratio": row.ratio}
            for row in one.overlaps
        ],
    }
    return fixed | _more(one, report)


def _more(one: DeviceReport, report: Report) -> Json:
    bound, path = one.bound, one.critical_path
    return {
        "name": one.name,
        "window_ns": [one.window.start_ns, one.window.end_ns],
        "engine_bound_ns": bound.engine_bound_ns,
        "limiting_engine": bound.limiting_engine,
        "critical_path_ns": bound.critical_path_ns,
        "issued_path_ns": bound.issued_path_ns,
        "copy_ns": one.copies.copy_ns,
        "hidden_copy_ns": one.copies.hidden_ns,
        "communication": _communication(one.communication),
        "breakdown": _fields(one.breakdown),
        "groups": [dataclasses.asdict(group) for group in one.groups],
        "group_overlaps": [dataclasses.asdict(pair) for pair in one.group_overlaps],
        "concurrency_ns": list(one.concurrency_ns),
        "kernel_overlap_ns": one.kernel_overlap.shared_ns,
        "kernel_overlap_ratio": one.kernel_overlap.ratio,
        "idle_ns": one.idle.total_ns,
        "longest_idle_ns": one.idle.longest_ns,
        "path_taken_ns": None if path is None else dict(path.shares_ns),
        "idle_causes_ns": {found.engine: dict(found.by_cause_ns) for found in one.idle_causes},
        "findings": [found.to_json() for found in one.findings],
        "unknown": [note.to_json() for note in one.unknown],
        "makespan_spread_ns": _fields(one.makespan_spread),
        "launch_gaps": _fields(one.launch_gaps),
        "pdl": _pdl(one.dependent_launches),
        "barriers": None if one.barriers is None else _barriers(one.barriers, report),
        "host_waits": _host_waits(one.host_waits),
        "stamps": _fields(one.stamps),
        "inside_kernels": inside_json(one.inside),
        "activities": [
            {**dataclasses.asdict(row), "mean_ns": row.mean_ns} for row in one.summary[:MOST_ROWS]
        ],
    }


def _communication(found: Communication) -> Json | None:
    if not found.communication_ns:
        return None
    return {
        **dataclasses.asdict(found),
        "hidden_ratio": found.hidden_ratio,
        "exposed_ns": found.exposed_ns,
    }


def _together(found: Together | None) -> Json | None:
    if found is None:
        return None
    return {
        "makespan_ns": found.makespan_ns,
        "bound_ns": found.bound_ns,
        "limiting_device": found.limiting_device,
        "pipeline_efficiency": found.pipeline_efficiency,
        "busy_ns": list(found.busy_ns),
        "imbalance": found.imbalance,
        "start_spread_ns": found.start_spread_ns,
        "end_spread_ns": found.end_spread_ns,
        "hidden_communication_ratio": found.hidden_communication_ratio,
        "exposed_communication_ns": found.exposed_communication_ns,
    }


def _fields(value: Any) -> Json | None:
    return None if value is None else dataclasses.asdict(value)


def _pdl(pairs: DependentLaunches) -> Json | None:
    if not len(pairs):
        return None
    return {
        "pairs": len(pairs),
        "attribute": int(pairs.attribute.sum()),
        "overlapping": int((pairs.gap_ns < 0).sum()),
        "gap_ns": _median(pairs.gap_ns),
        "overlap_ns": _median(pairs.overlap_ns),
        "epilogue_overlap": _median(pairs.epilogue_overlap),
        "prologue_overlap": _median(pairs.prologue_overlap),
        "wait_after_end_ns": _median(pairs.wait_after_end_ns),
    }


def _median(values: npt.NDArray[Any]) -> float | None:
    known = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    return float(np.median(known)) if len(known) else None


def _barriers(found: Barriers, report: Report) -> Json:
    return {
        "waits": len(found),
        "total_ns": found.total_ns,
        "blocked_ns": found.blocked_ns,
        "held_ns": found.held_ns,
        "longest": wait_rows(found, report.trace, MOST_ROWS),
    }


def _host_waits(found: HostWaits) -> list[Json]:
    """One entry for each kind of call."""
    rows = []
    for kind in sorted(set(found.kinds)):
        mine = np.array([k == kind for k in found.kinds])
        rows.append(
            {
                "kind": kind,
                "calls": int(mine.sum()),
                "blocked_ns": int(found.blocked_ns[mine].sum()),
                "idle_ns": int(found.idle_ns[mine].sum()),
                "outstanding_ns": int(found.outstanding_ns[mine].sum()),
            }
        )
    return rows
