"""Checks of a whole Program: what CUDA would refuse, ignore or leave undefined is an error here.

The parts: :mod:`~timeline.program.checks` (an operation by itself), ``threads`` (ranges, barriers),
``graphs`` (captures), ``ordering`` (lifetimes, events and data races, by vector clocks). The time
grows with the number of operations, and with that of the streams where operations synchronise.
"""

from __future__ import annotations

from timeline.program import ops as o
from timeline.program.checks import Checker
from timeline.program.graphs import Effects, effects_of
from timeline.program.memory import Memory
from timeline.program.model import Program
from timeline.program.ordering import Walk
from timeline.program.places import of_graph, of_thread
from timeline.program.threads import Meeting, check_ranges, schedule

__all__ = ["validate"]


def validate(program: Program) -> None:
    """Check ``program``.

    Raises
    ------
    ProgramError
        For the first operation that CUDA would refuse, silently ignore or leave undefined: it names
        the operation and says what to change.
    DataRaceError
        When two operations touch the same bytes, one writes, and nothing orders them on every run:
        it names both, the bytes, and the event or synchronisation to add.
    """
    checker = Checker(program)
    used = [checker.check(of_thread(thread.name), thread.ops) for thread in program.threads]
    checker.check_contents(program)
    for thread in program.threads:
        check_ranges(thread)
    owned = _owned(program)
    graphs: dict[int, Effects] = {}
    for graph in program.graphs:
        streams = checker.check(of_graph(graph.name), graph.ops)
        graphs[graph.id] = effects_of(graph, streams, program.buffers, owned, graphs)
    memories = {b.id: Memory(b, allocated=b.id not in owned) for b in program.buffers}
    owners = [(of_thread(thread.name), thread.ops) for thread in program.threads]
    walk = Walk(owners, used, memories, graphs)
    for step in schedule(program.threads):
        if isinstance(step, Meeting):
            walk.meet(step.arrivals)
        else:
            walk.run(step.thread, step.begin, step.end)


def _owned(program: Program) -> set[int]:
    """Buffers that the Program allocates; the others exist from the start."""
    every = [thread.ops for thread in program.threads] + [graph.ops for graph in program.graphs]
    return {
        op.span.buffer.id for ops in every for op in ops if isinstance(op, o.Malloc | o.MallocAsync)
    }
