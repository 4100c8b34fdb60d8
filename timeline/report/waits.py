"""The longest waits at the legacy default stream, by name."""

from __future__ import annotations

from typing import Any

import numpy as np

from timeline.analysis import Barriers
from timeline.trace import Trace

__all__ = ["wait_rows"]


def wait_rows(found: Barriers, trace: Trace, most: int) -> list[dict[str, Any]]:
    """The ``most`` longest waits: who, in which stream, for whom, from when, and how long."""
    longest = np.argsort(-found.waited_ns, kind="stable")[:most]
    names = trace.names("activities", "name")
    name, stream = trace.column("activities", "name"), trace.column("activities", "stream")

    def named(row: int) -> dict[str, Any]:
        text = names[name[row]] if name[row] >= 0 else ""
        return {"name": text, "stream": int(stream[row])}

    return [
        {
            "waiting": named(int(found.waiting[i])),
            "waited_for": named(int(found.waited_for[i])),
            "start_ns": int(found.starts[i]),
            "waited_ns": int(found.waited_ns[i]),
        }
        for i in longest.tolist()
    ]
