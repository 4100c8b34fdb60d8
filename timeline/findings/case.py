"""A device's work with all that detectors ask of it, each worked out once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from timeline.analysis import (
    Bound,
    CriticalPath,
    HostWaits,
    IdleCauses,
    Work,
    bound,
    critical_path,
    engine_idle,
    host_waits,
    idle_causes,
)
from timeline.analysis.execution import Cause, Execution
from timeline.analysis.legacy_order import stream_kinds
from timeline.engines import ENGINES
from timeline.intervals import Int64, intersect, measure, union

__all__ = ["Bools", "Case", "case_of"]

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Case:
    """One device of a trace under examination.

    Attributes
    ----------
    others : tuple of Work
        The work of the trace's other devices in the same span.
    """

    execution: Execution
    others: tuple[Work, ...] = ()

    @property
    def work(self) -> Work:
        """Activities of the device."""
        return self.execution.work

    @property
    def makespan_ns(self) -> int:
        """|W|, ns."""
        return self.work.window.length_ns

    @cached_property
    def bound(self) -> Bound:
        """No schedule of the work is shorter."""
        return bound(self.work)

    @cached_property
    def path(self) -> CriticalPath:
        """The critical path as it was taken."""
        return critical_path(self.execution)

    @cached_property
    def waits(self) -> HostWaits:
        """Calls that made the host wait."""
        return host_waits(self.work)

    @cached_property
    def limiting(self) -> str:
        """The engine that is busy longest, which bounds the work."""
        return self.bound.limiting_engine or self.work.engines[0]

    @cached_property
    def idle(self) -> dict[str, IdleCauses]:
        """Why each engine was idle."""
        return {name: idle_causes(self.execution, name) for name in self.work.engines}

    @cached_property
    def has_calls(self) -> bool:
        """Whether the trace has API calls."""
        return len(self.execution.calls) > 0

    @cached_property
    def stream_kinds(self) -> tuple[str, ...]:
        """Kind of each stream by its number, "" where not known."""
        return stream_kinds(self.work)

    def on(self, engine: str) -> Bools:
        """Which activities ran on an engine; shape (n,)."""
        return np.asarray(self.work.engine_codes == ENGINES.index(engine))

    def word(self, column: str, word: str) -> Bools:
        """Which activities have ``word`` in a column of words; shape (n,)."""
        names = self.work.trace.names("activities", column)
        if word not in names:
            return np.zeros(len(self.work.rows), np.bool_)
        return np.asarray(self.work.column(column) == names.index(word))

    @cached_property
    def ready(self) -> Int64:
        """When each activity could have started had its engine been free, ns; shape (n,).

        By its stream, its events, the legacy default stream and its enqueueing.
        """
        work = self.work
        found = self.execution.enqueued.copy()
        for _, edges in self.execution.before.edges:
            finish = np.minimum(work.ends[edges.sources], work.starts[edges.targets])
            np.maximum.at(found, edges.targets, finish)
        return found

    @cached_property
    def on_path(self) -> Bools:
        """Which activities the critical path goes through; shape (n,)."""
        steps = self.path.steps
        found = np.zeros(len(self.work.rows), np.bool_)
        of_activity = (steps.causes == Cause.ACTIVITY) | (steps.causes == Cause.LATENCY)
        found[steps.places[of_activity & (steps.places >= 0)]] = True
        return found

    def path_ns(self, cause: Cause, which: Bools) -> int:
        """Time that the path spent in steps of a cause at the places (or calls) of ``which``."""
        steps = self.path.steps
        mine = (steps.causes == cause) & (steps.places >= 0)
        mine[mine] = which[steps.places[mine]]
        return int((steps.ends - steps.starts)[mine].sum())

    def idle_during(self, starts: Int64, ends: Int64) -> int:
        """Time within these spans in which the engine that bounds the work was idle, ns."""
        idle = engine_idle(self.work, self.limiting)
        return measure(*intersect(*union(starts, ends), idle.starts, idle.ends))

    def idle_by(self, *causes: str) -> int:
        """Idle time of the engine that bounds the work for any of these causes, ns."""
        found = self.idle[self.limiting].by_cause_ns
        return sum(found.get(cause, 0) for cause in causes)


def case_of(execution: Execution, works: Sequence[Work]) -> Case:
    """The case of one device.

    Parameters
    ----------
    works : sequence of Work
        Those of all devices, its own among them.
    """
    mine = execution.work.device
    return Case(execution, tuple(work for work in works if work.device != mine))
