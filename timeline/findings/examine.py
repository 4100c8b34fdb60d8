"""From evidence to findings: what every detector says of a device, by cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from timeline.findings.case import Case
from timeline.findings.catalog import DETECTORS
from timeline.findings.detector import Detector, Evidence
from timeline.findings.gains import Gains
from timeline.findings.model import LEAST_SHARE, Diagnosis, Finding, Unknown, severity_of
from timeline.findings.sites import call_sites, calls_of
from timeline.intervals import Int64

__all__ = ["examine"]

MOST_ROWS = 100
MOST_SITES = 4


def examine(case: Case, least: float = LEAST_SHARE, *, gains: Gains | None = None) -> Diagnosis:
    """Let every detector look at a device.

    Parameters
    ----------
    gains : Gains, optional
        Tries the fixes of what is found: its cost is then what the fix would gain.
    least : float
        Share of the makespan that a cause must have cost.
    """
    device = case.work.device
    found, unknown = list[Finding](), [Unknown("", device, text) for text in _lost(case)]
    for detector in DETECTORS if len(case.work.rows) else ():
        for each in detector.find(case):
            if isinstance(each, str):
                unknown.append(Unknown(detector.code, device, each))
                continue
            cost = _cost(case, each, each.fix or detector.fix, gains)
            if cost.ns > 0 and cost.ns >= least * case.makespan_ns:
                found.append(_finding(case, detector, each, cost))
    return Diagnosis(tuple(sorted(found, key=lambda one: -one.cost_ns)), tuple(unknown))


def _lost(case: Case) -> Iterator[str]:
    meta = case.work.trace.meta
    if meta.dropped:
        lost = f"{meta.dropped:,} records were lost"
        yield f"{lost}: what happened in them can't be found, costs are low."
    if meta.kept is not None:
        yield from meta.kept.notes()


@dataclass(frozen=True, slots=True)
class _Cost:
    ns: int
    by: str
    how: str
    assumed: tuple[str, ...] = ()


def _cost(case: Case, seen: Evidence, fix: str | None, gains: Gains | None) -> _Cost:
    """What the fix would gain; where that can't be told, what the detector worked out.

    Of a window, a detector may have counted what reaches beyond it: no more than the makespan is
    lost, but waits of several may add up to more.
    """
    gain = gains.of(fix) if fix and gains else None
    if gain is None:
        most = seen.cost_ns if seen.by == "waits" else case.makespan_ns
        return _Cost(min(seen.cost_ns, most), seen.by, seen.how)
    how = f"makespan of the recording's replay, less that with {fix} applied"
    assumed = gain.assumed
    if gain.least_ns < gain.ns:
        assumed += (
            "Kernels that then run side by side keep their pace; if they share what one alone "
            f"already used up, the gain is {max(gain.least_ns, 0):,} ns.",
        )
    return _Cost(gain.ns, "what-if", how, assumed)


def _finding(case: Case, detector: Detector, seen: Evidence, cost: _Cost) -> Finding:
    order = np.argsort(-seen.weights, kind="stable")[:MOST_ROWS]
    rows = seen.rows[order]
    calls = seen.calls[order] if len(seen.calls) else calls_of(case, rows)
    first = order[0]
    share = cost.ns / case.makespan_ns
    return Finding(
        code=detector.code,
        title=detector.title,
        summary=seen.summary,
        severity=severity_of(share),
        device=case.work.device,
        cost_ns=cost.ns,
        share=share,
        cost_by=cost.by,
        cost_how=cost.how,
        rows=tuple(rows[rows >= 0].tolist()),
        count=len(seen.weights),
        streams=_streams(case, rows),
        sites=tuple(call_sites(case, rows, calls, seen.weights[order], MOST_SITES)),
        span=(int(seen.starts[first]), int(seen.ends[first])),
        advice=seen.advice or detector.advice,
        page=detector.page,
        fix=seen.fix or detector.fix,
        assumed=cost.assumed,
    )


def _streams(case: Case, rows: Int64) -> tuple[int, ...]:
    streams = case.work.trace.column("activities", "stream")[rows[rows >= 0]]
    return tuple(np.unique(streams[streams >= 0]).tolist())
