"""What a fix would give: the recording, replayed with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from timeline.errors import unknown
from timeline.trace import Trace
from timeline.whatif.as_trace import as_trace
from timeline.whatif.fix import Fix
from timeline.whatif.fixes import FIXES
from timeline.whatif.lift import lift
from timeline.whatif.lifting.gate import regated
from timeline.whatif.limits import limits
from timeline.whatif.replay import replay
from timeline.whatif.scenario import Scenario

__all__ = ["Prediction", "predict", "rank"]

Json = dict[str, Any]


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
    bound_ns : int
        No schedule of the predicted work is shorter; see :mod:`timeline.analysis.bounds`.
    bounded_by : str
        What then keeps it from being shorter.
    assumed : tuple of str
        What the recording does not tell and was taken to be so.
    unknown : tuple of str
        What the recording lacks.
    trace : Trace
        The predicted schedule; its ``meta.source`` is ``what-if``.
    """

    fixes: tuple[str, ...]
    applied: tuple[str, ...]
    recorded_ns: int
    replayed_ns: int
    predicted_ns: int
    bound_ns: int
    bounded_by: str
    assumed: tuple[str, ...]
    unknown: tuple[str, ...]
    trace: Trace = field(repr=False)

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
            "recorded_ns": self.recorded_ns,
            "replayed_ns": self.replayed_ns,
            "predicted_ns": self.predicted_ns,
            "gain_ns": self.gain_ns,
            "bound_ns": self.bound_ns,
            "bounded_by": self.bounded_by,
            "assumed": list(self.assumed),
            "unknown": list(self.unknown),
        }


def predict(
    trace: Trace,
    fixes: Sequence[str],
    *,
    repeat: int | None = None,
    device: int | None = None,
) -> Prediction:
    """Replay a recording with fixes applied, in the order given.

    Parameters
    ----------
    fixes : sequence of str
        Names in :data:`.FIXES`, each with its values after colons: ``split_streams:4``,
        ``faster:gemm*:2``. None: the recording as it was.
    repeat, device
        See :func:`.lift`.

    Raises
    ------
    UsageError
        For an unknown fix or value, repeat or device.
    TraceError
        For a trace without activities.
    """
    asked = [parsed(text) for text in fixes]
    scenario = lift(trace, repeat=repeat, device=device)
    return _predicted(scenario, replay(scenario).makespan_ns, tuple(fixes), asked)


def rank(trace: Trace, *, repeat: int | None = None, device: int | None = None) -> list[Prediction]:
    """Each fix that changes anything, alone, the one that gains most first."""
    scenario = lift(trace, repeat=repeat, device=device)
    before = replay(scenario).makespan_ns
    found = [
        _predicted(scenario, before, (name,), [(fix, [])])
        for name, fix in FIXES.items()
        if fix.ranked
    ]
    return sorted((one for one in found if one.applied), key=lambda one: -one.gain_ns)


def parsed(text: str) -> tuple[Fix, list[str]]:
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


def _predicted(
    scenario: Scenario,
    replayed_ns: int,
    texts: tuple[str, ...],
    asked: Sequence[tuple[Fix, list[str]]],
) -> Prediction:
    applied, assumed, work = list[str](), list[str](), scenario.work
    for text, (fix, values) in zip(texts, asked, strict=True):
        change = fix.apply(scenario, values)
        if change.count:
            scenario = change.scenario
            applied.append(text)
            assumed += [one for one in change.assumed if one not in assumed]
    scenario = regated(scenario)
    schedule = replay(scenario)
    trace = as_trace(scenario, schedule, _notes(applied, assumed))
    bound_ns, bounded_by = limits(trace, work.device)
    return Prediction(
        texts,
        tuple(applied),
        int(work.ends.max() - work.starts.min()),
        replayed_ns,
        schedule.makespan_ns,
        bound_ns,
        bounded_by,
        tuple(assumed),
        scenario.unknown,
        trace,
    )


def _notes(applied: Sequence[str], assumed: Sequence[str]) -> tuple[str, ...]:
    what = (
        f"Not recorded: a replay with {', '.join(applied)}."
        if applied
        else "Not recorded: a replay."
    )
    return (what, *assumed)
