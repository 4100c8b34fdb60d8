"""A host thread of a run, and how it waits."""

from __future__ import annotations

from array import array
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field

from timeline.backends.sim.plan import ThreadPlan
from timeline.backends.sim.run import Run

__all__ = ["AT_BARRIER", "BLOCKED", "READY", "UNTIL", "HostThread", "Turns", "wait_for"]

READY, BLOCKED, UNTIL, AT_BARRIER = range(4)
"""Why a host thread stops: it is later than another one; it waits for the device; the device has to
catch up with it first; it waits for other threads."""

Turns = Generator[int, int, None]


@dataclass(eq=False)
class HostThread:
    """One thread of a run.

    Attributes
    ----------
    time : int
        Its clock, ns.
    needs : list of int
        Nodes whose end it waits for (their start, when ``staged``).
    ahead : frozenset of int
        When what it needs has ended, the device may run on until one of these has too: what the
        thread does until then can't change it. Empty: it may not.
    barrier : int
        The barrier at which it waits.
    ends : array of int
        When each operation returned.
    begins : dict
        When an operation was called, for those that took longer than the call's cost.
    """

    plan: ThreadPlan
    index: int
    time: int
    needs: list[int] = field(default_factory=list)
    ahead: frozenset[int] = frozenset()
    staged: bool = False
    barrier: int = -1
    ends: array[int] = field(default_factory=lambda: array("q"))
    begins: dict[int, int] = field(default_factory=dict)


def wait_for(run: Run, thread: HostThread, nodes: Iterable[int]) -> Turns:
    """Wait until ``nodes`` have ended; sets the thread's clock to that time if it is later."""
    nodes = tuple(nodes)
    thread.needs = [n for n in nodes if run.finish[n] < 0]
    if thread.needs:
        yield BLOCKED
        thread.needs = []
    thread.time = max((thread.time, *(run.finish[n] for n in nodes)))
