"""A check: a named statement about the traces of a technique's variants, with a figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from timeline.analysis.technique_figures import (
    Measure,
    over_repeats,
    ratio,
)
from timeline.errors import UsageError
from timeline.trace import Trace

__all__ = ["NONE", "Check", "Result", "Traces", "of", "times", "trace_of"]

Traces = Mapping[str, Trace]

NONE = 0.02
"""Share that counts as nothing."""


@dataclass(frozen=True, slots=True)
class Check:
    """One statement about the variants of a technique.

    Attributes
    ----------
    doc : str
        The statement, with the figure that ``value`` is.
    value : callable
        Takes the traces by variant; the figure.
    least, most : float
        The statement holds when the figure lies between them.
    """

    name: str
    doc: str
    value: Callable[[Traces], float]
    least: float = -float("inf")
    most: float = float("inf")


@dataclass(frozen=True, slots=True)
class Result:
    """A check, what was found, and whether that is what must be shown."""

    check: Check
    value: float

    @property
    def ok(self) -> bool:
        """False as well when there was nothing to measure (NaN)."""
        return self.check.least <= self.value <= self.check.most


def trace_of(traces: Traces, variant: str) -> Trace:
    """The trace of a variant."""
    if variant not in traces:
        raise UsageError(f"no trace of variant {variant!r}; record every variant of the technique")
    return traces[variant]


def of(variant: str, figure: Measure) -> Callable[[Traces], float]:
    """The figure of one variant."""
    return lambda traces: over_repeats(trace_of(traces, variant), figure)


def times(variant: str, other: str, figure: Measure) -> Callable[[Traces], float]:
    """The figure of a variant as a multiple of another variant's."""

    def value(traces: Traces) -> float:
        part, whole = (over_repeats(trace_of(traces, v), figure) for v in (variant, other))
        return ratio(part, whole)

    return value
