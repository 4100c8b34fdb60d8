"""What a fix is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from timeline.errors import UsageError
from timeline.whatif.scenario import Scenario

__all__ = ["Change", "Fix", "Parameter", "number", "unchanged"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that the user may give after the fix's name and a colon.

    Attributes
    ----------
    default : str
        Taken when none is given; "" where one must be.
    """

    name: str
    default: str
    summary: str


@dataclass(frozen=True, eq=False, slots=True)
class Change:
    """What a fix made of a scenario.

    Attributes
    ----------
    count : int
        Activities, calls or orders that it changed; 0 where there was nothing to fix.
    assumed : tuple of str
        What the recording does not tell and was taken to be so.
    """

    scenario: Scenario
    count: int
    assumed: tuple[str, ...] = ()


def unchanged(scenario: Scenario) -> Change:
    """Nothing to fix."""
    return Change(scenario, 0)


@dataclass(frozen=True, slots=True)
class Fix:
    """A change of the program, as a pure function of its lifted schedule.

    Attributes
    ----------
    name : str
        What the user types.
    title : str
        What it is called in a table.
    description : str
        One line.
    change : callable
        Takes the scenario and a value for each parameter.
    ranked : bool
        Whether it is tried when all fixes are ranked: it needs no value of the user's.
    """

    name: str
    title: str
    description: str
    change: Callable[..., Change]
    parameters: tuple[Parameter, ...] = ()
    ranked: bool = True

    def apply(self, scenario: Scenario, values: Sequence[str] = ()) -> Change:
        """Apply it with the values given, and the defaults of the others.

        Raises
        ------
        UsageError
            For too many values, a missing one, or one that is none.
        """
        if len(values) > len(self.parameters):
            raise UsageError(f"{self.name} takes {len(self.parameters)} values, not {len(values)}")
        given = [*values, *(p.default for p in self.parameters[len(values) :])]
        for parameter, value in zip(self.parameters, given, strict=True):
            if not value:
                raise UsageError(
                    f"{self.name} needs a value: {parameter.name}, {parameter.summary}"
                )
        return self.change(scenario, *given)


def number(text: str, what: str, least: float) -> float:
    """A value as a number.

    Raises
    ------
    UsageError
        When it is none, or less than ``least``.
    """
    try:
        value = float(text)
    except ValueError:
        raise UsageError(f"{what}: {text!r} is no number") from None
    if not least <= value < float("inf"):
        raise UsageError(f"{what}: {text} must be at least {least:g}")
    return value
