"""Why an engine was idle: every ns of it, by cause.

The time before an activity in which its engine was idle is filled by walking back from the activity
to what it waited for (:mod:`timeline.analysis.execution`). So the causes of an engine, the time
after its last activity included, add up to ``|W| - |B(e)|`` exactly.

==================  ===============================================================================
``dependency``      work that it had to follow ran on another engine (stream order, events)
``barrier``         the same, but only the legacy default stream asked for that order
``synchronisation`` the host waited in a synchronisation before it went on issuing
``allocation``      the host was in cudaMalloc, cudaFree or cudaHostAlloc
``blocking_copy``   the host was in a copy that blocks: of pageable memory, or cudaMemcpy
``host``            the host had not issued the work yet, for other reasons
``latency``         everything was there, and the work had not started yet
``nothing``         no work for the engine was left in the window
``unknown``         the trace does not tell
==================  ===============================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.analysis.execution import Cause, Execution, Row, Steps, Via
from timeline.analysis.execution.predecessors import LEGACY
from timeline.analysis.idle import engine_idle
from timeline.engines import ENGINES
from timeline.intervals import Int64

__all__ = ["CAUSES", "IdleCauses", "idle_causes"]

CAUSES = (
    "dependency",
    "barrier",
    "synchronisation",
    "allocation",
    "blocking_copy",
    "host",
    "latency",
    "nothing",
    "unknown",
)
"""All causes, in the order in which tables list them."""

_BY_VIA = np.array([CAUSES.index(n) for n in CAUSES[: len(Via)]], np.int64)
"""The first causes are what each :class:`Via` stands for, in its order."""

_LATENCY, _HOST, _UNKNOWN, _NOTHING = (
    CAUSES.index(name) for name in ("latency", "host", "unknown", "nothing")
)


@dataclass(frozen=True, eq=False, slots=True)
class IdleCauses:
    """The idle time of an engine, piece by piece.

    Attributes
    ----------
    starts, ends : numpy.ndarray of int64, shape (n,)
        Of each piece, ns; together the engine's idle time.
    causes : numpy.ndarray of int64, shape (n,)
        Index into :data:`CAUSES`.
    waiting : numpy.ndarray of int64, shape (n,)
        Row of ``trace.activities`` that the engine was waiting to run; -1 for ``nothing``.
    waited_for : numpy.ndarray of int64, shape (n,)
        Row of ``trace.activities`` that ran meanwhile and was waited for, or -1.
    """

    engine: str
    starts: Int64
    ends: Int64
    causes: Int64
    waiting: Int64
    waited_for: Int64

    @property
    def total_ns(self) -> int:
        """Idle time, ns."""
        return int((self.ends - self.starts).sum())

    @property
    def by_cause_ns(self) -> Mapping[str, int]:
        """Idle time of each cause that has any, ns."""
        length = np.zeros(len(CAUSES), np.int64)
        np.add.at(length, self.causes, self.ends - self.starts)
        return {name: ns for name, ns in zip(CAUSES, length.tolist(), strict=True) if ns}


def idle_causes(execution: Execution, engine: str) -> IdleCauses:
    """Fill the idle time of an engine with its causes.

    Parameters
    ----------
    engine : str
        One of :data:`timeline.engines.ENGINES`.
    """
    work = execution.work
    idle = engine_idle(work, engine)
    mine = np.flatnonzero(work.engine_codes == ENGINES.index(engine))
    at = np.searchsorted(work.starts[mine], idle.ends)
    following = np.concatenate((mine, [-1]))[at]
    none = following < 0
    steps, waiting = _walks(execution, idle.starts[~none], following[~none])
    ran = np.where(steps.causes == Cause.ACTIVITY, steps.places, -1)
    rows = np.concatenate((work.rows, [-1]))
    last = np.full(int(none.sum()), -1)
    return IdleCauses(
        engine,
        np.concatenate((steps.starts, idle.starts[none])),
        np.concatenate((steps.ends, idle.ends[none])),
        np.concatenate((_causes(steps), np.full(len(last), _NOTHING))),
        np.concatenate((rows[waiting], last)),
        np.concatenate((rows[ran], last)),
    )


def _walks(execution: Execution, untils: Int64, places: Int64) -> tuple[Steps, Int64]:
    """Steps back from each place to each time, and the place that each step is of."""
    short = _short_walks(execution, untils, places)
    rows, waiting = list[Row](), list[int]()
    long = np.flatnonzero(~short)
    for until, place in zip(untils[long].tolist(), places[long].tolist(), strict=True):
        execution.walk(place, until, rows)
        waiting += [place] * (len(rows) - len(waiting))
    walked, direct = Steps.of(rows), _direct(execution, untils[short], places[short])
    both = (
        np.concatenate((getattr(walked, name), getattr(direct[0], name)))
        for name in ("starts", "ends", "causes", "places", "vias")
    )
    return Steps(*both), np.concatenate((np.array(waiting, np.int64), direct[1]))


def _short_walks(execution: Execution, untils: Int64, places: Int64) -> npt.NDArray[np.bool_]:
    """Whether a walk ends in the activity that directly held this one."""
    source = execution.before.sources[places]
    begin = np.where(source >= 0, execution.work.starts[source], np.iinfo(np.int64).max)
    return np.asarray((execution.held_by_call[places] < 0) & (begin <= untils))


def _direct(execution: Execution, untils: Int64, places: Int64) -> tuple[Steps, Int64]:
    """Their two steps, all at once: what held the activity, and the latency after it."""
    before, starts = execution.before, execution.work.starts[places]
    free = np.clip(before.finish[places], untils, starts)
    vias = np.where(before.kinds[places] == LEGACY, Via.LEGACY, Via.DEPENDENCY)
    none, ran = np.zeros(len(places), np.int64), free > untils
    late = starts > free
    steps = Steps(
        np.concatenate((untils[ran], free[late])),
        np.concatenate((free[ran], starts[late])),
        np.concatenate((none[ran] + Cause.ACTIVITY, none[late] + Cause.LATENCY)),
        np.concatenate((before.sources[places][ran], places[late])),
        np.concatenate((vias[ran], none[late])),
    )
    return steps, np.concatenate((places[ran], places[late]))


def _causes(steps: Steps) -> Int64:
    """Index into :data:`CAUSES` of each step."""
    found = np.full(len(steps), _HOST, np.int64)
    found[steps.causes == Cause.LATENCY] = _LATENCY
    found[steps.causes == Cause.UNKNOWN] = _UNKNOWN
    waited = (steps.causes == Cause.CALL) & (steps.vias >= Via.SYNC)
    waited |= steps.causes == Cause.ACTIVITY
    found[waited] = _BY_VIA[steps.vias[waited]]
    return found
