"""Traces of the processes that a recorded process started, in its trace's folder."""

from __future__ import annotations

import json
from pathlib import Path

from timeline.trace.source import META

__all__ = ["CHILDREN", "child_folder", "children", "did_gpu_work"]

CHILDREN = "children"


def child_folder(parent: Path, process: int) -> Path:
    """Where the trace of a child goes."""
    return parent / CHILDREN / str(process)


def children(path: Path) -> list[Path]:
    """The traces of children beside the one at ``path``, by process."""
    found = [meta.parent for meta in (path / CHILDREN).glob(f"*/{META}")]
    return sorted(found, key=lambda one: (len(one.name), one.name))


def did_gpu_work(path: Path) -> bool:
    """Whether a trace has activities, by its ``meta.json`` alone."""
    try:
        tables = json.loads((path / META).read_bytes())["tables"]
        return bool(tables.get("activities", {}).get("rows"))
    except (OSError, ValueError, KeyError, AttributeError, RecursionError):
        return False
