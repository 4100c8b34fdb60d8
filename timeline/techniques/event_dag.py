"""A graph of dependent kernels: one after the other, and in four streams that events order.

Seven tasks a round. One after the other they take 900 µs (the default unit is 50 µs); the longest
chain, ``load, left, merge, finish`` with 50 + 200 + 150 + 50 µs, takes 450. What a task needs, and
nothing else, is awaited: ``cudaStreamWaitEvent`` once for each dependency in another stream.

The events need no time, so they are made with ``cudaEventDisableTiming``. One that keeps the time
costs the stream 1.35 µs more at each record (H200): ``timing_events`` differs in that alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from timeline.program import Buffer, Builder, Event, Param, Program, Stream
from timeline.techniques.scaffold import (
    BLOCK,
    US,
    bring_home,
    geometry,
    microseconds,
    program_builder,
    seed,
    seeded,
)
from timeline.techniques.spin import Geometry, Uint32, join, joined, spin, spun
from timeline.techniques.technique import Parameter, Technique, Variant

__all__ = ["TECHNIQUE"]


@dataclass(frozen=True, slots=True)
class Task:
    """A kernel of the graph.

    Attributes
    ----------
    units : int
        How long it takes, in units of the parameter ``unit_us``.
    needs : tuple of str
        The tasks whose results it takes; none: the result of the round before.
    """

    name: str
    stream: str
    units: int
    needs: tuple[str, ...] = ()


TASKS = (
    Task("load", "A", 1),
    Task("left", "B", 4, ("load",)),
    Task("right", "C", 3, ("load",)),
    Task("extra", "D", 2, ("load",)),
    Task("merge", "C", 3, ("left", "right")),
    Task("tail", "D", 4, ("right", "extra")),
    Task("finish", "A", 1, ("merge", "tail")),
)
"""In an order in which each comes after what it needs."""


def build(variant: str, params: Mapping[str, Param]) -> Program:
    """Rounds of the graph, each on the result of the one before."""
    b = program_builder("event_dag", variant, params)
    shape, rounds = geometry(params), int(params["rounds"])
    graph = _Issue(b, variant, shape, int(params["unit_us"]) * US)
    with b.range("issue", category="phase"):
        for index in range(rounds):
            with b.range(f"round {index}", category="batch"):
                for number, task in enumerate(TASKS):
                    graph.launch(task, index, number)
    with b.range("finish", category="phase"):
        bring_home(b, graph.result, graph.streams["A"], answer(seed(shape), rounds))
        b.device_synchronize()
    return b.build()


class _Issue:
    """Launches tasks, each behind what it needs."""

    def __init__(self, b: Builder, variant: str, shape: Geometry, unit_ns: int) -> None:
        self._b, self._shape, self._unit_ns = b, shape, unit_ns
        self._timing = variant == "timing_events"
        names = sorted({task.stream for task in TASKS})
        one = b.stream("A") if variant == "one_stream" else None
        self.streams = {name: one or b.stream(name) for name in names}
        self._buffers = {
            task.name: b.device(task.name, shape.bytes) for task in TASKS if task.name != "finish"
        }
        self.result: Buffer = seeded(b, "result", shape)
        self._buffers["finish"] = self.result
        self._done: dict[str, Event] = {}

    def launch(self, task: Task, index: int, number: int) -> None:
        """Launch one task of round ``index``, and record that it is done."""
        b, stream = self._b, self.streams[task.stream]
        for name in task.needs or (["finish"] if index else []):
            self._await(name, stream)
        ns, marker = task.units * self._unit_ns, marker_of(index, number)
        target = self._buffers[task.name]
        sources = [self._buffers[name] for name in task.needs or ["finish"]]
        kernel = f"ker_{task.name}"
        if len(sources) == 1:
            spin(b, kernel, stream, target, self._shape, ns=ns, marker=marker, source=sources[0])
        else:
            pair = (sources[0], sources[1])
            join(b, kernel, stream, target, pair, self._shape, ns=ns, marker=marker)
        if self._needed_elsewhere(task):
            done = self._done[task.name] = b.event(f"{task.name} {index}", timing=self._timing)
            b.record(done, stream)

    def _needed_elsewhere(self, task: Task) -> bool:
        """Whether another stream waits for it."""
        after = [t for t in TASKS if task.name in t.needs]
        return any(self.streams[t.stream] != self.streams[task.stream] for t in after)

    def _await(self, name: str, stream: Stream) -> None:
        task = next(task for task in TASKS if task.name == name)
        if self.streams[task.stream] != stream:
            self._b.wait(stream, self._done[name])


def marker_of(index: int, number: int) -> int:
    """Marker of task ``number`` in round ``index``."""
    return index * len(TASKS) + number


def answer(values: Uint32, rounds: int) -> Uint32:
    """The known answer, round by round."""
    for index in range(rounds):
        found = {"": values}
        for number, task in enumerate(TASKS):
            parts, marker = [found[name] for name in task.needs or ("",)], marker_of(index, number)
            found[task.name] = (
                spun(parts[0], marker) if len(parts) == 1 else joined(parts[0], parts[1], marker)
            )
        values = found["finish"]
    return values


TECHNIQUE = Technique(
    id="event_dag",
    title="A graph of events",
    section="Synchronization",
    figure="11-7",
    summary="Events between streams order a whole graph of kernels on the device: each waits for "
    "what it needs, and the time falls to the longest chain.",
    shows=(
        "one_stream: kernels one at a time, as long as their sum. events: streams A to D at once, "
        "as long as the critical path. timing_events: the same, but each step to another stream "
        "takes longer."
    ),
    bound="rounds × the longest chain of the graph; one_stream: rounds × Σ of all tasks",
    variants=(
        Variant("one_stream", "baseline: all tasks in one stream"),
        Variant("events", "four streams, with an event for each dependency between them"),
        Variant("timing_events", "events that keep the time"),
    ),
    parameters=(
        Parameter("rounds", 8, "rounds, each on the result of the one before", 1, 64),
        microseconds("unit_us", 50, "a task takes 1 to 4 times this"),
        Parameter("grid", 32, "blocks of each kernel", minimum=1, maximum=4096),
        BLOCK,
    ),
    builder=build,
    claims=(1, 12, 22),
)
