"""From evidence to findings: what every detector says of a device, by cost."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from timeline.findings.case import Case
from timeline.findings.catalog import DETECTORS
from timeline.findings.detector import Detector, Evidence
from timeline.findings.model import LEAST_SHARE, Diagnosis, Finding, Unknown, severity_of
from timeline.findings.sites import call_sites, calls_of
from timeline.intervals import Int64

__all__ = ["examine"]

MOST_ROWS = 100
MOST_SITES = 4


def examine(case: Case, least: float = LEAST_SHARE) -> Diagnosis:
    """Let every detector look at a device.

    Parameters
    ----------
    least : float
        Share of the makespan that a cause must have cost.
    """
    device = case.work.device
    found, unknown = list[Finding](), [Unknown("", device, text) for text in _lost(case)]
    for detector in DETECTORS if len(case.work.rows) else ():
        for each in detector.find(case):
            if isinstance(each, str):
                unknown.append(Unknown(detector.code, device, each))
            elif each.cost_ns > 0 and each.cost_ns >= least * case.makespan_ns:
                found.append(_finding(case, detector, each))
    return Diagnosis(tuple(sorted(found, key=lambda one: -one.cost_ns)), tuple(unknown))


def _lost(case: Case) -> Iterator[str]:
    dropped = case.work.trace.meta.dropped
    if dropped:
        yield f"{dropped:,} records were lost: what happened in them can't be found, costs are low."


def _finding(case: Case, detector: Detector, seen: Evidence) -> Finding:
    order = np.argsort(-seen.weights, kind="stable")[:MOST_ROWS]
    rows = seen.rows[order]
    calls = seen.calls[order] if len(seen.calls) else calls_of(case, rows)
    first = order[0]
    share = seen.cost_ns / case.makespan_ns
    return Finding(
        code=detector.code,
        title=detector.title,
        summary=seen.summary,
        severity=severity_of(share),
        device=case.work.device,
        cost_ns=seen.cost_ns,
        share=share,
        cost_by=seen.by,
        cost_how=seen.how,
        rows=tuple(rows[rows >= 0].tolist()),
        count=len(seen.weights),
        streams=_streams(case, rows),
        sites=tuple(call_sites(case, rows, calls, seen.weights[order], MOST_SITES)),
        span=(int(seen.starts[first]), int(seen.ends[first])),
        advice=seen.advice or detector.advice,
        page=detector.page,
        fix=detector.fix,
    )


def _streams(case: Case, rows: Int64) -> tuple[int, ...]:
    streams = case.work.trace.column("activities", "stream")[rows[rows >= 0]]
    return tuple(np.unique(streams[streams >= 0]).tolist())
