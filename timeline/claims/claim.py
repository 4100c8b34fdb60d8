"""A claim and its evidence, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from timeline.analysis.shows import Traces, checked, checks_of

__all__ = ["Claim", "Evidence", "Json", "Part", "Probe", "probed", "recorded", "shown"]

Json = Mapping[str, Any]
Unit = Literal["", "ns", "bytes"]
Probe = Callable[[Json], float]

PROBES = ""
"""Technique of evidence that comes from probes."""


class Part(Enum):
    """What a figure does for the verdict."""

    DECIDES = "decides"
    """It must lie within its limits; one of these must have been measured."""

    SUPPORTS = "supports"
    """It must lie within its limits where it was measured, but is not enough alone."""

    LIMITS = "limits"
    """Outside its limits, the claim holds with a condition."""

    TELLS = "tells"
    """It decides nothing: the figure that explains."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One figure that speaks for or against a claim.

    Attributes
    ----------
    technique : str
        Whose recorded traces it is taken from; empty for probes.
    doc : str
        What the figure is.
    value : callable or None
        Takes the technique's traces by variant, or a probe file's JSON; NaN when those can't tell.
        None while the technique is not there.
    least, most : float
        The limits.
    within, outside : str
        A sentence to say where the figure lies within, or outside, its limits; ``{found}`` is the
        figure. Of :attr:`Part.LIMITS`, ``outside`` is the condition.
    """

    part: Part
    technique: str
    doc: str
    value: Callable[[Any], float] | None
    least: float = -float("inf")
    most: float = float("inf")
    unit: Unit = ""
    within: str = ""
    outside: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement of the chapter, in our own words.

    Attributes
    ----------
    number : int
        Its row in the ledger.
    """

    number: int
    section: str
    title: str
    text: str
    evidence: tuple[Evidence, ...]

    @property
    def techniques(self) -> tuple[str, ...]:
        """Techniques that test it."""
        named = dict.fromkeys(each.technique for each in self.evidence)
        return tuple(name for name in named if name != PROBES)


def shown(
    technique: str, *checks: str, part: Part = Part.DECIDES, within: str = "", outside: str = ""
) -> tuple[Evidence, ...]:
    """Figures that a technique's own checks take of its traces, with the checks' limits."""
    known = {c.name: c for c in checks_of(technique)} if technique in checked() else {}
    found = []
    for name in checks:
        if known:
            check = known[name]
            doc = f"{name}: {check.doc}"
            found.append(
                Evidence(
                    part,
                    technique,
                    doc,
                    check.value,
                    check.least,
                    check.most,
                    within=within,
                    outside=outside,
                )
            )
        else:
            found.append(Evidence(part, technique, name, None))
    return tuple(found)


def recorded(
    part: Part, technique: str, doc: str, value: Callable[[Traces], float], **limits: Any
) -> Evidence:
    """A figure of a technique's traces."""
    return Evidence(part, technique, doc, value, **limits)


def probed(part: Part, doc: str, value: Probe, **limits: Any) -> Evidence:
    """A figure of ``python -m benchmarks.semantics``, of each device that was probed."""
    return Evidence(part, PROBES, doc, value, **limits)
