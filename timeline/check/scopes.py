"""The stretches of a trace that are measured: all of it, what an NVTX range launched, a window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, Self

import numpy as np

from timeline.analysis import Window, Work, makespans_ns, work_of
from timeline.analysis.window_text import window_of
from timeline.check.launched import Launched
from timeline.errors import UsageError
from timeline.trace import Trace

__all__ = ["WHOLE", "Scope", "chosen_ranges", "stretches"]

MOST_OCCURRENCES = 64
"""Occurrences of a range that are measured in a trace without repeats, evenly spaced."""


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """Where figures are taken.

    Attributes
    ----------
    name : str
        Of a range: its name. Of a window: the span as the user wrote it, from the first activity,
        in a trace with repeats from that of each repeat.
    """

    kind: Literal["whole", "range", "window"] = "whole"
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".strip()

    def holds(self, other: Scope) -> bool:
        """Whether another scope is this one, or fits its name as a pattern."""
        alike = self.name == other.name or fnmatchcase(other.name, self.name)
        return self.kind == other.kind and alike

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what :meth:`__str__` writes.

        Raises
        ------
        ValueError
            For another kind.
        """
        kind, _, name = text.partition(" ")
        if kind not in ("whole", "range", "window"):
            raise ValueError(f"no scope {text!r}")
        return cls(kind, name)  # type: ignore[arg-type]


WHOLE = Scope()


def chosen_ranges(launched: Launched, patterns: Sequence[str]) -> list[Scope]:
    """The NVTX ranges of these names or patterns that launched something."""
    known = launched.names if patterns else []
    asked, found = [Scope("range", p) for p in patterns], [Scope("range", n) for n in known]
    return [scope for scope in found if any(one.holds(scope) for one in asked)]


def stretches(launched: Launched, scope: Scope, device: int) -> Iterator[list[Work]]:
    """The work of one device in a scope: a list for each repeat, or each occurrence of a range.

    The list holds what belongs together: several occurrences of a range within a repeat.
    """
    trace = launched.trace
    if scope.kind == "range":
        yield from _occurrences(launched, scope.name, device)
    elif scope.kind == "window":
        yield from ([work_of(trace, device, window=w)] for w in _windows(trace, scope.name))
    elif trace.meta.repeats:
        timed = (i for i, ns in enumerate(makespans_ns(trace)) if ns is not None)
        yield from ([work_of(trace, device, repeat=i)] for i in timed)
    else:
        yield [work_of(trace, device)]


def _windows(trace: Trace, text: str) -> Iterator[Window]:
    """The window once in each repeat, counted from its first activity."""
    start = trace.column("activities", "start")
    if not trace.meta.repeats:
        yield Window(*window_of(text, *trace.span))
        return
    for first, last in trace.meta.repeats:
        lo, hi = np.searchsorted(start, (first, last))
        if hi > lo:
            end = int(trace.column("activities", "end")[lo:hi].max())
            opens, closes = window_of(text, int(start[lo]), end)
            closes = min(closes, max(last, end))  # never into the next repeat
            if closes <= opens:
                raise UsageError(f"window {text}: holds nothing; a repeat ends before it")
            yield Window(opens, closes)


def _occurrences(launched: Launched, name: str, device: int) -> Iterator[list[Work]]:
    found = launched.works(name, device)
    repeats = launched.trace.meta.repeats
    if not repeats:
        step = max(-(-len(found) // MOST_OCCURRENCES), 1)
        yield from ([work] for work in found[::step])
        return
    for first, last in repeats:
        mine = [work for work in found if first <= work.span[0] < last]
        if mine:
            yield mine
