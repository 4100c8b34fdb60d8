"""A check as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from timeline.check.checked import Checked
from timeline.check.verdicts import Verdict
from timeline.check.words import reason

__all__ = ["as_json"]

Json = dict[str, Any]


def as_json(found: Sequence[Checked], pictures: Mapping[str, Path]) -> Json:
    """Every figure that was judged; times in ns."""
    return {
        "ok": not any(one.failed for one in found),
        "checks": [
            {
                "trace": one.name,
                "devices": list(one.now.identity.devices),
                "ok": not one.failed,
                "picture": str(pictures[one.name]) if one.name in pictures else None,
                "figures": [_verdict(verdict) for verdict in one.verdicts],
            }
            for one in found
        ],
    }


def _verdict(verdict: Verdict) -> Json:
    return {
        "figure": str(verdict.name),
        "scope": str(verdict.place.scope),
        "device": verdict.place.device,
        "threshold": verdict.threshold.text,
        "outcome": str(verdict.outcome),
        "before": verdict.before and verdict.before.to_json(),
        "now": verdict.now.to_json(),
        "reason": reason(verdict),
    }
