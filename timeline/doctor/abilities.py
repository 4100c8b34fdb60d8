"""What can be done here, as the checks tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from timeline.doctor.check import Check, State

__all__ = ["ABILITIES", "Ability", "abilities"]

ABILITIES = {
    "simulate": ("run techniques on the simulator, read and write traces", ("recorder",)),
    "run": ("run techniques on a GPU", ("recorder", "driver", "GPU", "extra cuda13|extra cuda12")),
    "record": ("record a script with CUPTI", ("recorder", "driver", "CUPTI", "other profilers")),
    "app": ("the dashboard, and pictures by Plotly", ("extra app",)),
    "query": ("SQL over traces", ("extra sql",)),
    "cluster": ("many ranks on a Dask cluster, and s3:// places", ("extra cluster",)),
}
"""By name: what it is, and the checks that must be ok; ``|`` where one of two must."""


@dataclass(frozen=True, slots=True)
class Ability:
    """Something that timeline does.

    Attributes
    ----------
    works : bool
        Whether it does here.
    lacks : tuple of str
        Names of the checks that stand in the way.
    """

    name: str
    does: str
    works: bool
    lacks: tuple[str, ...]


def abilities(checks: Iterable[Check]) -> tuple[Ability, ...]:
    """Judge every ability. A check that was not made stands in no way where one before it does."""
    states = {check.name: check.state for check in checks}
    return tuple(_judged(name, does, needs, states) for name, (does, needs) in ABILITIES.items())


def _judged(name: str, does: str, needs: tuple[str, ...], states: dict[str, State]) -> Ability:
    lacks = [
        need for need in needs if not any(states.get(each) is State.OK for each in need.split("|"))
    ]
    known = [need for need in lacks if any(each in states for each in need.split("|"))]
    return Ability(name, does, not lacks, tuple(known or lacks))
