"""A trace that the dashboard has open."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any, TypeVar

from timeline.trace import Trace

__all__ = ["Opened"]

Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class Opened:
    """A trace and its report, which is computed when first asked for.

    Attributes
    ----------
    number : int
        Another one for each trace that is opened.
    rows : int or None
        Activities of a trace whose tables may not have been read yet.
    """

    trace: Trace
    number: int = field(default_factory=count().__next__)
    rows: int | None = None
    _kept: dict[Hashable, Any] = field(default_factory=dict)

    @property
    def activities(self) -> int:
        """How many activities there are, without reading them."""
        return self.trace.rows("activities") if self.rows is None else self.rows

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What ``make`` returned when this trace was first asked for ``key``."""
        if key not in self._kept:
            self._kept[key] = make()
        found: Made = self._kept[key]
        return found

    @cached_property
    def report(self) -> dict[str, Any]:
        """The JSON of :func:`timeline.report.report`."""
        from timeline.report import report

        found: dict[str, Any] = report(self.trace).to_json()
        return found
