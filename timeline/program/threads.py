"""The order in which host threads can run: each up to a barrier, then all of it onwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from timeline.errors import ProgramError
from timeline.program import ops as o
from timeline.program.model import HostThread
from timeline.program.places import of_thread, place

__all__ = ["Meeting", "Stretch", "check_ranges", "schedule"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Operations ``begin`` to ``end`` of one thread, among which it waits for no other thread."""

    thread: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Meeting:
    """A barrier at which every thread has arrived, each at its own operation."""

    arrivals: Mapping[int, int]


def check_ranges(thread: HostThread) -> None:
    """Check that the thread's ranges are closed in the order in which they were opened.

    Raises
    ------
    ProgramError
        For a pop without a push, or a push without a pop.
    """
    owner, opened = of_thread(thread.name), list[int]()
    for index, op in enumerate(thread.ops):
        if type(op) is o.RangePush:
            opened.append(index)
        elif type(op) is o.RangePop:
            if not opened:
                raise ProgramError(f"{place(owner, index, op)}: no range is open; push one before")
            opened.pop()
    if opened:
        index = opened[-1]
        raise ProgramError(f"{place(owner, index, thread.ops[index])}: is never closed; pop it")


def schedule(threads: Sequence[HostThread]) -> Iterator[Stretch | Meeting]:
    """Every stretch and meeting of the threads, in an order in which they can happen.

    Raises
    ------
    ProgramError
        When threads would wait for each other for ever.
    """
    barriers = [_barriers(thread) for thread in threads]
    members = _members(threads, barriers)
    passed = [0] * len(threads)
    begins = [0] * len(threads)
    waiting: dict[str, dict[int, int]] = {name: {} for name in members}
    ready = list(range(len(threads)))
    while ready:
        thread = ready.pop(0)
        if passed[thread] == len(barriers[thread]):
            yield Stretch(thread, begins[thread], len(threads[thread].ops))
            continue
        name, index = barriers[thread][passed[thread]]
        yield Stretch(thread, begins[thread], index)
        passed[thread] += 1
        begins[thread] = index + 1
        arrived = waiting[name]
        arrived[thread] = index
        if arrived.keys() == members[name]:
            yield Meeting(dict(arrived))
            ready.extend(arrived)
            arrived.clear()
    _refuse_deadlock(threads, waiting)


def _barriers(thread: HostThread) -> list[tuple[str, int]]:
    return [(op.name, i) for i, op in enumerate(thread.ops) if isinstance(op, o.HostBarrier)]


def _members(
    threads: Sequence[HostThread], barriers: Sequence[Sequence[tuple[str, int]]]
) -> dict[str, set[int]]:
    """The threads of each barrier, after checking that they reach it equally often."""
    counts = [Counter(name for name, _ in found) for found in barriers]
    members: dict[str, set[int]] = {}
    for name in dict.fromkeys(name for count in counts for name in count):
        reached = {i: count[name] for i, count in enumerate(counts) if name in count}
        if len(reached) < 2:
            raise ProgramError(
                f"host barrier {name!r} is reached by thread {threads[min(reached)].name!r} alone; "
                "at least two threads must name it"
            )
        if len(set(reached.values())) > 1:
            times = ", ".join(f"{n} times by {threads[i].name!r}" for i, n in reached.items())
            raise ProgramError(
                f"host barrier {name!r} is reached {times}; its threads must reach it equally often"
            )
        members[name] = set(reached)
    return members


def _refuse_deadlock(
    threads: Sequence[HostThread], waiting: Mapping[str, Mapping[int, int]]
) -> None:
    stuck = {thread: index for arrived in waiting.values() for thread, index in arrived.items()}
    if stuck:
        places = " and ".join(
            place(of_thread(threads[t].name), index, threads[t].ops[index])
            for t, index in sorted(stuck.items())
        )
        raise ProgramError(
            f"{places} wait for ever; let all threads take the barriers in one order"
        )
