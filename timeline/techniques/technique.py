"""What a technique states about itself, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from timeline.errors import UsageError, unknown
from timeline.program import Param, Program
from timeline.techniques.live import Live

__all__ = ["Parameter", "Technique", "Variant"]

Params = Mapping[str, Param]
Build = Callable[[str, Params], Program]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number or word that shapes a technique's Program."""

    name: str
    default: Param
    doc: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    def parse(self, text: str) -> Param:
        """Read a value written on the command line.

        Raises
        ------
        UsageError
            When it has another type, or lies outside the limits.
        """
        kind = type(self.default)
        try:
            value: Param = (
                {"true": True, "false": False}[text.lower()] if kind is bool else kind(text)
            )
        except (ValueError, KeyError):
            raise UsageError(f"{self.name}={text}: expected {kind.__name__}") from None
        return self.check(value)

    def check(self, value: Param) -> Param:
        """Return ``value`` if it lies within the limits."""
        if self.choices and value not in self.choices:
            raise unknown(f"value of {self.name}", str(value), self.choices)
        if isinstance(value, int | float) and not isinstance(value, bool):
            if self.minimum is not None and value < self.minimum:
                raise UsageError(f"{self.name}={value}: must be at least {self.minimum:g}")
            if self.maximum is not None and value > self.maximum:
                raise UsageError(f"{self.name}={value}: must be at most {self.maximum:g}")
        return value


@dataclass(frozen=True, slots=True)
class Variant:
    """One form of a technique; the first of a technique is its baseline.

    Attributes
    ----------
    changes : str
        The one thing that differs from the baseline (or from the variant it names).
    """

    name: str
    changes: str


@dataclass(frozen=True, slots=True)
class Technique:
    """A technique of the chapter: baseline and variants out of one parametrised builder.

    Attributes
    ----------
    figure : str
        Figure of the chapter, or an empty string.
    shows : str
        What the recorded timeline must show.
    bound : str
        The predicted limit of the makespan, as a formula.
    claims : tuple of int
        Rows of the claims ledger that it tests.
    devices : int
        Devices that it needs.
    pair : tuple of str
        The two variants to compare first, where slowest and fastest would not do: some variants
        do other work than the rest. Empty: the slowest and the fastest.
    live : Live or None
        The script that runs it on a GPU, where its Program only stands for a library's work.
    """

    id: str
    title: str
    section: str
    figure: str
    summary: str
    shows: str
    bound: str
    variants: tuple[Variant, ...]
    parameters: tuple[Parameter, ...]
    builder: Build = field(repr=False)
    claims: tuple[int, ...] = ()
    devices: int = 1
    pair: tuple[str, str] | tuple[()] = ()
    live: Live | None = None

    def program(self, variant: str | None = None, **params: Param) -> Program:
        """Build the Program of a variant (by default the baseline).

        Raises
        ------
        UsageError
            For a variant or parameter that does not exist, with the nearest one that does.
        """
        names = [v.name for v in self.variants]
        chosen = variant or names[0]
        if chosen not in names:
            raise unknown(f"variant of {self.id}", chosen, names)
        values = {p.name: p.default for p in self.parameters}
        limits = {p.name: p for p in self.parameters}
        for name, value in params.items():
            if name not in limits:
                raise unknown(f"parameter of {self.id}", name, limits)
            values[name] = limits[name].check(value)
        return self.builder(chosen, values)

    def parse(self, settings: Mapping[str, str]) -> dict[str, Param]:
        """Read ``key=value`` settings of the command line."""
        limits = {p.name: p for p in self.parameters}
        for name in settings:
            if name not in limits:
                raise unknown(f"parameter of {self.id}", name, limits)
        return {name: limits[name].parse(text) for name, text in settings.items()}
