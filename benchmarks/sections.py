"""Figures of a benchmark in a page of the documentation, between two marks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

__all__ = ["goal_text", "goals_table", "median_p95", "put"]

DOCS = Path(__file__).parents[1] / "docs"
END = "<!-- end -->"


def put(page: str, module: str, text: str) -> None:
    """Write what a benchmark found into ``docs/page``, in place of what it found before."""
    path, mark = DOCS / page, f"<!-- {module} -->"
    before, after = path.read_text(encoding="utf-8").split(mark)
    rest = after.partition(END)[2]
    path.write_text(f"{before}{mark}\n\n{text}\n\n{END}{rest}", encoding="utf-8")


def goals_table(rows: Iterable[tuple[str, str, str]]) -> str:
    """A table of what was measured and what is wanted."""
    lines = ["| | measured | goal |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def median_p95(found: dict[str, float]) -> str:
    """Times in ms, in words."""
    median, p95 = (
        f"{ms:.0f}" if ms >= 100 else f"{ms:.3g}" for ms in (found["median"], found["p95"])
    )
    return f"median {median} ms, p95 {p95} ms"


def goal_text(value: float, goal: float, unit: str) -> str:
    """A goal, and whether it was missed."""
    return f"{goal:g} {unit}" + ("" if value <= goal else ", **missed**")
