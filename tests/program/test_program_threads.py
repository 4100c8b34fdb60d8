"""Ranges and barriers of host threads."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from timeline.errors import ProgramError
from timeline.program import Builder, HostBarrier, HostThread, HostWork, Op, RangePop, RangePush
from timeline.program.model import Program
from timeline.program.threads import Meeting, Stretch, schedule
from timeline.program.validate import validate


def threads(**ops: Sequence[Op | str]) -> tuple[HostThread, ...]:
    """Host threads by name; a text stands for a barrier of that name."""
    return tuple(
        HostThread(name, tuple(HostBarrier(op) if isinstance(op, str) else op for op in mine))
        for name, mine in ops.items()
    )


def refused(message: str, **ops: Sequence[Op | str]) -> None:
    with pytest.raises(ProgramError, match=re.escape(message)):
        validate(Program("p", threads(**ops), (), (), ()))


def test_ranges() -> None:
    push, pop = RangePush("phase"), RangePop()
    refused("operation 0 of thread 'a' (RangePop): no range is open", a=[pop])
    refused("operation 0 of thread 'a' (RangePush 'phase'): is never closed", a=[push, push, pop])
    refused("operation 0 of thread 'b' (RangePop)", a=[push, pop], b=[pop])
    validate(Program("p", threads(a=[push, push, pop, pop]), (), (), ()))


def test_a_barrier_needs_two_threads_that_reach_it_equally_often() -> None:
    refused("'x' is reached by thread 'a' alone", a=["x"])
    refused("reached 2 times by 'a', 1 times by 'b'", a=["x", "x"], b=["x"])


def test_barriers_in_two_orders_never_end() -> None:
    refused(
        "operation 0 of thread 'a' (HostBarrier 'x') and "
        "operation 0 of thread 'b' (HostBarrier 'y') wait for ever",
        a=["x", "y"],
        b=["y", "x"],
    )


def test_a_schedule_holds_every_operation_once_and_meetings_in_order() -> None:
    work = HostWork("w", 1)
    found = list(schedule(threads(a=[work, "x", work, "x"], b=["x", work, work, "x", work])))
    assert found == [
        Stretch(0, 0, 1),
        Stretch(1, 0, 0),
        Meeting({0: 1, 1: 0}),
        Stretch(0, 2, 3),
        Stretch(1, 1, 3),
        Meeting({0: 3, 1: 3}),
        Stretch(0, 4, 4),
        Stretch(1, 4, 5),
    ]


def test_a_range_is_closed_when_its_block_fails() -> None:
    b = Builder("p")
    with pytest.raises(KeyError), b.range("phase"):
        raise KeyError
    assert [type(op) for op in b.build().ops()] == [RangePush, RangePop]


def test_a_thread_goes_on_where_it_stopped() -> None:
    b = Builder("p")
    with b.thread("a"):
        b.host_work("one", 1)
    b.host_work("two", 1)
    with b.thread("a"):
        b.host_work("three", 1)
    assert {t.name: len(t.ops) for t in b.build().threads} == {"main": 1, "a": 2}
