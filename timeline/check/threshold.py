"""Thresholds as text: ``makespan: +3%``, ``overlap_ratio[H2D,SM]: -0.05``, ``dropped == 0``.

::

    threshold  = name [ "[" of "]" ] [ "@" device ] ( ":" allowance | comparison limit )
    allowance  = ( "+" | "-" | "±" ) number [ unit ]      how far it may rise, fall, or either
    comparison = ">=" | "<=" | "==" | "!=" | ">" | "<"
    unit       = "%" | "ns" | "us" | "µs" | "ms" | "s"    "%" of the baseline, only in allowances

Without brackets a threshold is for every engine, set of engines, name or finding. A kernel's name
may be a pattern, as in ``duration[gemm*]: +5%``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from timeline.check.figures import Name
from timeline.check.measures import MEASURES
from timeline.engines import ENGINES
from timeline.errors import UsageError, unknown
from timeline.findings import DETECTORS

__all__ = ["DEFAULTS", "Threshold", "parse"]

Direction = Literal["+", "-", "±"]
Comparison = Literal[">=", "<=", "==", "!=", ">", "<"]

_UNITS_NS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_WORD = re.compile(r"\s*(\w+)")
_DEVICE = re.compile(r"\s*@\s*(\d{1,9})")
_SIGN = re.compile(r"\s*:\s*([+±-])")
_COMPARISON = re.compile(r"\s*(>=|<=|==|!=|>|<)")
_NUMBER = re.compile(r"\s*(\d{1,18}(?:\.\d{1,18})?)")
_UNIT = re.compile(r"\s*(%|ns|us|µs|ms|s)")
_RULE = re.compile(r"\s*(?:@\s*\d+\s*)?(?::\s*[+±-]|(?:>=|<=|==|!=|>|<)\s*-?\d)")


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a figure may be.

    Attributes
    ----------
    text : str
        As it was written.
    measure, of : str
        Which figures; "" for ``of`` stands for all of the measure.
    device : int or None
        Which device; None for all.
    rule : str
        The direction of an allowance, or a comparison.
    amount : float
        In the measure's unit; of an allowance in percent, the part of the baseline.
    relative : bool
        The amount is a part of the baseline's figure.
    chosen : bool
        The user set it: it holds for differences that are worth little of the time as well.
    """

    text: str
    measure: str
    of: str
    device: int | None
    rule: Direction | Comparison
    amount: float
    relative: bool = False
    chosen: bool = True

    @property
    def needs_baseline(self) -> bool:
        """Whether it says how far a figure may move, rather than what it must be."""
        return self.rule in ("+", "-", "±")

    @property
    def exact(self) -> bool:
        """Whether it is for one figure of a device, rather than for all of a measure."""
        return bool(self.of) != (not MEASURES[self.measure].of) and not set("*?") & set(self.of)

    def covers(self, name: Name, device: int | None) -> bool:
        """Whether it is for a figure."""
        if name.measure != self.measure or self.device not in (None, device):
            return False
        return not self.of or name.of == self.of or fnmatchcase(name.of, self.of)


def parse(text: str) -> Threshold:
    """Read a threshold.

    Raises
    ------
    UsageError
        That names the character where it stops being one.
    """
    return _Reader(text).threshold()


class _Reader:
    """Reads from left to right; ``at`` is where it stands."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def threshold(self) -> Threshold:
        name = self._must(_WORD, "the name of a measure")
        if name not in MEASURES:
            self.at -= len(name)
            raise self._error(str(unknown("measure", name, MEASURES)))
        of = self._brackets(name)
        device = self._may(_DEVICE)
        rule, amount, relative = self._allowance(name) if self._follows(":") else self._limit(name)
        if self.text[self.at :].strip():
            self._skip_spaces()
            raise self._error("expected nothing more")
        number = int(device) if device else None
        return Threshold(self.text, name, of, number, rule, amount, relative)

    def _brackets(self, name: str) -> str:
        """What stands in brackets; a kernel's name may hold brackets itself."""
        if not self._follows("["):
            return ""
        start = self.text.index("[", self.at) + 1
        ends = (m.start() for m in re.finditer(r"\]", self.text) if m.start() >= start)
        end = next((e for e in ends if _RULE.match(self.text, e + 1)), self.text.find("]", start))
        if end < 0:
            self.at = len(self.text)
            raise self._error("expected ']'")
        kind = MEASURES[name].of
        if not kind:
            self.at = start - 1
            raise self._error(f"{name} takes no brackets")
        inside, self.at = self.text[start:end], end + 1
        if kind in ("kernel", "finding"):
            return self._known(inside.strip(), start, kind)
        return self._engines(inside, start, kind)

    def _known(self, inside: str, start: int, kind: str) -> str:
        codes = [detector.code for detector in DETECTORS]
        if kind == "finding" and inside not in codes:
            self.at = start
            raise self._error(str(unknown("finding", inside, codes)))
        return inside

    def _engines(self, inside: str, start: int, kind: str) -> str:
        found, at = [], start
        for word in inside.split(","):
            name = word.strip()
            if name not in ENGINES:
                self.at = at + len(word) - len(word.lstrip())
                raise self._error(str(unknown("engine", name, ENGINES)))
            found.append(name)
            at += len(word) + 1
        if (kind == "engine") != (len(found) == 1):
            self.at = start
            raise self._error("expected " + ("one engine" if kind == "engine" else "two or more"))
        return ",".join(sorted(found))

    def _allowance(self, name: str) -> tuple[Direction, float, bool]:
        sign = self._must(_SIGN, "':' and +, - or ±")
        number, unit = float(self._must(_NUMBER, "a number")), self._may(_UNIT)
        if unit == "%":
            return sign, number / 100, True  # type: ignore[return-value]
        return sign, self._scaled(name, number, unit), False  # type: ignore[return-value]

    def _limit(self, name: str) -> tuple[Comparison, float, bool]:
        rule = self._must(_COMPARISON, "':' with an allowance, or a comparison such as >=")
        negative = self._follows("-")
        if negative:
            self.at = self.text.index("-", self.at) + 1
        number, unit = float(self._must(_NUMBER, "a number")), self._may(_UNIT)
        if unit == "%":
            self.at -= 1
            raise self._error("a limit is no part of the baseline; write an allowance or a number")
        amount = self._scaled(name, -number if negative else number, unit)
        return rule, amount, False  # type: ignore[return-value]

    def _scaled(self, name: str, number: float, unit: str) -> float:
        """In the measure's own unit."""
        if MEASURES[name].unit == "ns":
            if unit or not number:
                return number * _UNITS_NS.get(unit, 1)
            raise self._error("expected a unit of time, or %")
        if unit:
            self.at -= len(unit)
            raise self._error(f"{name} is no time")
        return number

    def _follows(self, mark: str) -> bool:
        return self.text[self.at :].lstrip().startswith(mark)

    def _skip_spaces(self) -> None:
        self.at += len(self.text[self.at :]) - len(self.text[self.at :].lstrip())

    def _may(self, form: re.Pattern[str]) -> str:
        found = form.match(self.text, self.at)
        if not found:
            return ""
        self.at = found.end()
        return found[1]

    def _must(self, form: re.Pattern[str], what: str) -> str:
        found = self._may(form)
        if not found:
            self._skip_spaces()
            raise self._error(f"expected {what}")
        return found

    def _error(self, what: str) -> UsageError:
        here = f"{self.text[self.at]!r}" if self.at < len(self.text) else "its end"
        return UsageError(f"threshold {self.text!r}, character {self.at + 1}, at {here}: {what}")


def _defaults() -> Sequence[Threshold]:
    return tuple(
        Threshold(t.text, t.measure, t.of, t.device, t.rule, t.amount, t.relative, chosen=False)
        for t in (parse(m.name + m.default) for m in MEASURES.values() if m.default)
    )


DEFAULTS = _defaults()
"""The thresholds of measures for which the user sets none."""
