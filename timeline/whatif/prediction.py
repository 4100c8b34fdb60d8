"""What a fix would give: the recording, replayed with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np

from timeline.analysis.execution import Execution, execution
from timeline.errors import unknown
from timeline.trace import Trace
from timeline.whatif.as_trace import as_trace
from timeline.whatif.fix import Fix
from timeline.whatif.fixes import FIXES
from timeline.whatif.lift import chosen, lifted
from timeline.whatif.lifting.gate import regated
from timeline.whatif.limits import limits
from timeline.whatif.replay import replay
from timeline.whatif.scenario import Scenario

__all__ = ["Prediction", "Replays", "predict", "rank"]

Json = dict[str, Any]
Asked = tuple[Fix, list[str]]

_SAME = 0.01
"""Predictions within this part of each other are the same."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """A recording and what it becomes with fixes applied.

    Attributes
    ----------
    fixes : tuple of str
        As asked for, such as ``("pin_copies", "split_streams:4")``.
    applied : tuple of str
        Those that had something to change.
    recorded_ns : int
        Makespan of the repeat as recorded.
    replayed_ns : int
        Makespan of its replay with nothing changed: how far the replay can be trusted.
    predicted_ns : int
        With the fixes.
    assumed : tuple of str
        What the recording does not tell and was taken to be so.
    unknown : tuple of str
        What the recording lacks.
    otherwise_ns : int or None
        The predicted makespan if kernels that come to run side by side did not share the SMs that
        they are on, which the recording can't show; None where that makes no difference.
    devices : tuple of int
        Those that were replayed together.
    drawn : callable
        Makes :attr:`trace`, which takes longer than the replay itself.
    """

    fixes: tuple[str, ...]
    applied: tuple[str, ...]
    recorded_ns: int
    replayed_ns: int
    predicted_ns: int
    assumed: tuple[str, ...]
    unknown: tuple[str, ...]
    otherwise_ns: int | None
    devices: tuple[int, ...]
    drawn: Callable[[], Trace] = field(repr=False)

    @cached_property
    def trace(self) -> Trace:
        """The predicted schedule; its ``meta.source`` is ``what-if``."""
        return self.drawn()

    @cached_property
    def _limits(self) -> tuple[int, str]:
        return limits(self.trace, self.devices)

    @property
    def bound_ns(self) -> int:
        """No schedule of the predicted work is shorter; see :mod:`timeline.analysis.bounds`."""
        return self._limits[0]

    @property
    def bounded_by(self) -> str:
        """What then keeps it from being shorter."""
        return self._limits[1]

    @property
    def gain_ns(self) -> int:
        """What the fixes take off the replayed makespan, ns; negative when they add to it."""
        return self.replayed_ns - self.predicted_ns

    @property
    def factor(self) -> float | None:
        """How many times as fast; None without a predicted makespan."""
        return self.replayed_ns / self.predicted_ns if self.predicted_ns else None

    def to_json(self) -> Json:
        """As a JSON object, without the trace."""
        return {
            "fixes": list(self.fixes),
            "applied": list(self.applied),
            "devices": list(self.devices),
            "recorded_ns": self.recorded_ns,
            "replayed_ns": self.replayed_ns,
            "predicted_ns": self.predicted_ns,
            "gain_ns": self.gain_ns,
            "bound_ns": self.bound_ns,
            "bounded_by": self.bounded_by,
            "assumed": list(self.assumed),
            "unknown": list(self.unknown),
            "otherwise_ns": self.otherwise_ns,
        }


def predict(
    trace: Trace,
    fixes: Sequence[str],
    *,
    repeat: int | None = None,
    device: int | None = None,
    free: bool | None = None,
) -> Prediction:
    """Replay a recording with fixes applied, in the order given.

    Parameters
    ----------
    fixes : sequence of str
        Names in :data:`.FIXES`, each with its values after colons: ``split_streams:4``,
        ``faster:gemm*:2``. None: the recording as it was.
    repeat, device : int, optional
        See :func:`.lift`.
    free : bool, optional
        See :func:`.lift`.

    Raises
    ------
    UsageError
        For an unknown fix or value, repeat or device.
    TraceError
        For a trace without activities.
    """
    return Replays(execution(chosen(trace, repeat, device)), free).prediction(fixes)


def rank(
    trace: Trace,
    *,
    repeat: int | None = None,
    device: int | None = None,
    free: bool | None = None,
) -> list[Prediction]:
    """Each fix that changes anything, alone, the one that gains most first.

    Parameters
    ----------
    repeat, device : int, optional
        See :func:`.lift`.
    free : bool, optional
        See :func:`.lift`.
    """
    replays = Replays(execution(chosen(trace, repeat, device)), free)
    found = [replays.prediction([name]) for name, fix in FIXES.items() if fix.ranked]
    return sorted((one for one in found if one.applied), key=lambda one: -one.gain_ns)


def parsed(text: str) -> Asked:
    """A fix and its values from ``name:value:value``.

    Raises
    ------
    UsageError
        For an unknown name.
    """
    name, *values = text.split(":")
    if name not in FIXES:
        raise unknown("fix", name, FIXES)
    return FIXES[name], values


class Replays:
    """Lifts a recording once and replays it with one set of fixes after another."""

    def __init__(self, found: Execution, free: bool | None = None) -> None:
        self._execution = found
        self._scenario = lifted(found, free)
        self._undecided = free is None and self._scenario.seen_free is None

    @cached_property
    def _replayed_ns(self) -> int:
        return replay(self._scenario).makespan_ns

    @cached_property
    def _otherwise(self) -> Scenario | None:
        """The same with kernels that keep their pace; None where that is no other schedule."""
        if not self._undecided:
            return None
        found = lifted(self._execution, free=True)
        loads = self._scenario.activities.loads
        return None if np.array_equal(found.activities.loads, loads) else found

    def prediction(self, fixes: Sequence[str]) -> Prediction:
        """With these fixes; see :func:`predict`."""
        texts, asked = tuple(fixes), [parsed(text) for text in fixes]
        fixed = _fixed(self._scenario, texts, asked)
        schedule = replay(fixed.scenario)
        work = self._scenario.work
        return Prediction(
            texts,
            fixed.applied,
            int(work.ends.max() - work.starts.min()),
            self._replayed_ns,
            schedule.makespan_ns,
            fixed.assumed,
            fixed.scenario.unknown,
            self._otherwise_ns(texts, asked, schedule.makespan_ns) if fixed.applied else None,
            (work.device, *work.beside),
            partial(as_trace, fixed.scenario, schedule, _notes(fixed)),
        )

    def _otherwise_ns(
        self, texts: tuple[str, ...], asked: Sequence[Asked], predicted_ns: int
    ) -> int | None:
        if self._otherwise is None:
            return None
        found = replay(_fixed(self._otherwise, texts, asked).scenario).makespan_ns
        return found if abs(found - predicted_ns) > _SAME * predicted_ns else None


@dataclass(frozen=True, eq=False, slots=True)
class _Fixed:
    scenario: Scenario
    applied: tuple[str, ...]
    assumed: tuple[str, ...]


def _fixed(scenario: Scenario, texts: Sequence[str], asked: Sequence[Asked]) -> _Fixed:
    applied, assumed = list[str](), dict[str, None]()
    for text, (fix, values) in zip(texts, asked, strict=True):
        change = fix.apply(scenario, values)
        if change.count:
            scenario = change.scenario
            applied.append(text)
            assumed.update(dict.fromkeys(change.assumed))
    return _Fixed(regated(scenario), tuple(applied), tuple(assumed))


def _notes(fixed: _Fixed) -> tuple[str, ...]:
    how = f" with {', '.join(fixed.applied)}" if fixed.applied else ""
    return (f"Not recorded: a replay{how}.", *fixed.assumed)
