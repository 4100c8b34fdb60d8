"""What the recorded variants of each technique must show, as named checks on their traces.

One technique a module, with its ``CHECKS`` and, as ``TELLING``, the name of the check whose figure
tells most. Every figure is taken repeat by repeat and its median over the repeats is compared. The
checks of a technique compare its variants: given the baseline's trace for all of them, some fail.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from timeline.analysis.shows.check import Check, Result, Traces
from timeline.errors import unknown

__all__ = ["Check", "Result", "Traces", "check_shows", "checked", "checks_of", "telling"]


def checked() -> tuple[str, ...]:
    """Ids of the techniques that have checks."""
    return tuple(sorted(found.name for found in iter_modules(__path__) if found.name != "check"))


def checks_of(technique: str) -> tuple[Check, ...]:
    """The checks of a technique.

    Raises
    ------
    UsageError
        For a technique without checks.
    """
    found: tuple[Check, ...] = _module(technique).CHECKS
    return found


def telling(technique: str) -> Check:
    """The check whose figure tells most of a technique."""
    name = _module(technique).TELLING
    (found,) = (check for check in checks_of(technique) if check.name == name)
    return found


def check_shows(technique: str, traces: Traces) -> list[Result]:
    """Check all that the traces of a technique's variants must show.

    Parameters
    ----------
    technique : str
        Its id.
    traces : mapping of str to Trace
        A trace for each of its variants.

    Raises
    ------
    UsageError
        For a technique without checks, or when a variant's trace is missing.
    """
    return [Result(check, float(check.value(traces))) for check in checks_of(technique)]


def _module(technique: str) -> Any:
    if technique not in checked():
        raise unknown("technique", technique, checked())
    return import_module(f"{__name__}.{technique}")
