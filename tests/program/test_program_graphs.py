"""Captured graphs: the rules of capture, races inside, and what a launch does."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from timeline.errors import DataRaceError, ProgramError
from timeline.program import (
    Buffer,
    Builder,
    Graph,
    GraphLaunch,
    HostThread,
    Kernel,
    Program,
    Stream,
    StreamSynchronize,
    Work,
    validate,
)

KERNEL = Kernel("scale", "elementwise.cu", "scale")


class Parts:
    def __init__(self) -> None:
        self.b = Builder("p")
        self.s = self.b.stream("s1")
        self.t = self.b.stream("s2")
        self.fork = self.b.event("fork")
        self.join = self.b.event("join")
        self.d = self.b.device("d", 64)
        self.f = self.b.device("f", 64)

    def run(
        self, stream: Stream, reads: Sequence[Buffer] = (), writes: Sequence[Buffer] = ()
    ) -> None:
        self.b.launch(KERNEL, stream, grid=1, block=1, work=Work(), inputs=reads, outputs=writes)

    def forked(self, origin_writes: Buffer, fork_writes: Buffer, *, join: bool = True) -> Graph:
        with self.b.capture("g", self.s) as graphs:
            self.b.record(self.fork, self.s)
            self.b.wait(self.t, self.fork)
            self.run(self.t, writes=[fork_writes])
            self.run(self.s, writes=[origin_writes])
            self.b.record(self.join, self.t)
            if join:
                self.b.wait(self.s, self.join)
        return graphs[0]

    def refuse(self, kind: type[ProgramError], message: str) -> None:
        with pytest.raises(kind, match=re.escape(message)) as caught:
            self.b.build()
        assert type(caught.value) is kind


@pytest.fixture
def p() -> Parts:
    return Parts()


def test_a_fork_and_join(p: Parts) -> None:
    graph = p.forked(p.d, p.f)
    p.b.graph_launch(graph, p.s)
    p.b.graph_launch(graph, p.t)  # the launches of one graph are ordered
    p.b.build()


def test_a_race_inside(p: Parts) -> None:
    p.forked(p.d, p.d)
    p.refuse(
        DataRaceError,
        "operation 3 of graph 'g' (Launch 'scale' in stream 's1') writes bytes 0 to 64 of 'd', "
        "which operation 2 of graph 'g' (Launch 'scale' in stream 's2') writes",
    )


def test_a_stream_that_is_not_joined_again(p: Parts) -> None:
    p.forked(p.d, p.f, join=False)
    p.refuse(
        ProgramError,
        "operation 2 of graph 'g' (Launch 'scale' in stream 's2'): "
        "stream 's2' is not joined to 's1' again",
    )


def test_work_after_the_join(p: Parts) -> None:
    with p.b.capture("g", p.s):
        p.b.record(p.fork, p.s)
        p.b.wait(p.t, p.fork)
        p.b.record(p.join, p.t)
        p.b.wait(p.s, p.join)
        p.run(p.t)
    p.refuse(ProgramError, "operation 4 of graph 'g'")


def test_a_stream_that_never_joined(p: Parts) -> None:
    with p.b.capture("g", p.s):
        p.run(p.t)
    p.refuse(ProgramError, "stream 's2' is not part of the capture yet; record an event in 's1'")


def test_an_event_from_outside_does_not_join(p: Parts) -> None:
    p.b.record(p.fork, p.s)
    with p.b.capture("g", p.s):
        p.b.wait(p.t, p.fork)
    p.refuse(ProgramError, "event 'fork' has not been recorded")


def test_an_event_of_the_capture_is_not_recorded_outside(p: Parts) -> None:
    graph = p.forked(p.d, p.f)
    p.b.graph_launch(graph, p.s)
    p.b.event_synchronize(p.join)
    p.refuse(ProgramError, "event 'join' has not been recorded")


def test_the_legacy_stream_can_not_take_part(p: Parts) -> None:
    with p.b.capture("g", p.s):
        p.b.record(p.fork, p.s)
        p.b.wait(p.b.legacy_stream(), p.fork)
    p.refuse(ProgramError, "the legacy default stream can't take part in a capture")


def test_the_legacy_stream_can_not_be_the_origin(p: Parts) -> None:
    with p.b.capture("g", p.b.legacy_stream()):
        pass
    p.refuse(ProgramError, "graph 'g': the legacy default stream can't be captured")


def test_what_makes_the_host_wait_can_not_be_captured(p: Parts) -> None:
    with pytest.raises(ProgramError, match="StreamSynchronize can't be captured"):  # noqa: SIM117
        with p.b.capture("g", p.s):
            p.b.stream_synchronize(p.s)


def test_nor_in_a_graph_made_by_hand() -> None:
    stream = Stream(1, "s")
    graph = Graph(1, "g", stream, (StreamSynchronize(stream),))
    thread = HostThread("main", (GraphLaunch(stream, graph),))
    with pytest.raises(ProgramError, match=r"operation 0 of graph 'g' \(StreamSynchronize in"):
        validate(Program("p", (thread,), (stream,), (), (), (graph,)))


def test_a_launch_touches_what_its_operations_do(p: Parts) -> None:
    graph = p.forked(p.d, p.f)
    p.run(p.t, reads=[p.f])
    p.b.graph_launch(graph, p.s)
    p.refuse(
        DataRaceError,
        "operation 1 of thread 'main' (GraphLaunch 'g' in stream 's1') writes bytes 0 to 64 of 'f'",
    )


def test_graph_memory_lives_from_launch_to_launch(p: Parts) -> None:
    with p.b.capture("g", p.s) as graphs:
        p.b.malloc_async(p.d, p.s)
        p.run(p.s, writes=[p.d])
        p.b.free_async(p.d, p.s)
    p.b.graph_launch(graphs[0], p.s)
    p.b.graph_launch(graphs[0], p.s)
    p.b.build()
    p.run(p.s, reads=[p.d])
    p.refuse(ProgramError, "'d' is no longer allocated, since operation 1 of thread 'main' (GraphL")


def test_a_graph_that_keeps_its_memory_can_not_run_again_before_it_is_freed(p: Parts) -> None:
    with p.b.capture("g", p.s) as graphs:
        p.b.malloc_async(p.d, p.s)
    p.b.graph_launch(graphs[0], p.s)
    p.run(p.s, writes=[p.d])
    p.b.free_async(p.d, p.s)
    p.b.graph_launch(graphs[0], p.s)
    p.b.build()
    p.b.graph_launch(graphs[0], p.s)
    p.refuse(ProgramError, "'d' is already allocated, since operation 3")


def test_use_before_allocation_inside(p: Parts) -> None:
    with p.b.capture("g", p.s):
        p.run(p.s, writes=[p.d])
        p.b.malloc_async(p.d, p.s)
    p.refuse(ProgramError, "operation 0 of graph 'g' (Launch 'scale' in stream 's1'): 'd' is not")


def test_a_graph_in_a_graph(p: Parts) -> None:
    with p.b.capture("inner", p.t) as inner:
        p.run(p.t, writes=[p.d])
    with p.b.capture("outer", p.s) as outer:
        p.b.graph_launch(inner[0], p.s)
    p.run(p.t, reads=[p.d])
    p.b.graph_launch(outer[0], p.s)
    p.refuse(DataRaceError, "(GraphLaunch 'outer' in stream 's1') writes bytes 0 to 64 of 'd'")


def test_ranges_are_no_part_of_a_graph(p: Parts) -> None:
    with p.b.capture("g", p.s) as graphs, p.b.range("phase"):
        p.run(p.s)
    assert len(graphs[0].ops) == 1
