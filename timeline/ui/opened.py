"""A trace that the dashboard has open."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from timeline.trace import Trace

__all__ = ["Opened"]


@dataclass(frozen=True, eq=False)
class Opened:
    """A trace and its report, which is computed when first asked for."""

    trace: Trace

    @cached_property
    def report(self) -> dict[str, Any]:
        """The JSON of :func:`timeline.report.report`."""
        from timeline.report import report

        found: dict[str, Any] = report(self.trace).to_json()
        return found
