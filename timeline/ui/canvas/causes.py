"""How idle time looks in the timeline, by cause: as on every other page."""

from __future__ import annotations

from typing import Any

from timeline.figures.palette import role_code
from timeline.figures.shares import cause_looks

__all__ = ["idle_looks"]


def idle_looks() -> dict[str, dict[str, Any]]:
    """Of each cause its words, the code of its role, and its pattern as Plotly names it."""
    return {
        cause: {"words": words, "role": role_code(look.role), "pattern": look.pattern}
        for cause, (words, look) in cause_looks().items()
    }
