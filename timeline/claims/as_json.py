"""The ledger as JSON."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from timeline.claims.claim import Evidence
from timeline.claims.findings import Finding
from timeline.claims.ledger import Entry

__all__ = ["as_json"]

Json = dict[str, Any]


def as_json(entry: Entry) -> Json:
    """A claim with its verdict, its conditions and every figure; limits there are none of are null.

    ``measured`` holds, of each figure, what it is, its value and limits, what it does for the
    verdict, the samples it was computed from, and where those were recorded.
    """
    claim = entry.claim
    return {
        "number": claim.number,
        "section": claim.section,
        "title": claim.title,
        "claim": claim.text,
        "verdict": entry.verdict.value,
        "conditions": list(entry.conditions),
        "remarks": list(entry.remarks),
        "measured": [_finding(found) for found in entry.found],
        "not_measured": [
            {"technique": each.technique or None, "figure": each.doc} for each in entry.missing
        ],
    }


def _finding(found: Finding) -> Json:
    return {
        **_figure(found.evidence),
        "value": found.value,
        "within": found.ok,
        "samples": list(found.samples),
        "recorded_on": [dataclasses.asdict(origin) for origin in found.origins],
    }


def _figure(evidence: Evidence) -> Json:
    return {
        "technique": evidence.technique or None,
        "figure": evidence.doc,
        "unit": evidence.unit or None,
        "least": _limit(evidence.least),
        "most": _limit(evidence.most),
        "part": evidence.part.value,
    }


def _limit(value: float) -> float | None:
    return value if math.isfinite(value) else None
