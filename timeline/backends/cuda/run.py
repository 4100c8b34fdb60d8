"""One Program on the GPU: everything it names made ready, run, and taken down again."""

from __future__ import annotations

from collections.abc import Callable

from timeline.backends.base import RunOptions
from timeline.backends.cuda.api import Api
from timeline.backends.cuda.clock import Clocks
from timeline.backends.cuda.collector import Collector
from timeline.backends.cuda.drain import drain, synchronize
from timeline.backends.cuda.events import EventsCollector
from timeline.backends.cuda.gatekeeper import Gatekeeper
from timeline.backends.cuda.graphs import capture, kept_buffers
from timeline.backends.cuda.issue import device_of, steps
from timeline.backends.cuda.issuer import Issuer
from timeline.backends.cuda.peers import link_peers
from timeline.backends.cuda.pools import Pools
from timeline.backends.cuda.stage import Stage, make_stage
from timeline.backends.cuda.stream_ids import SHARED
from timeline.backends.cuda.threads import Crew
from timeline.backends.cuda.verify import Answers
from timeline.backends.cuda.windows import Window
from timeline.errors import UnavailableError
from timeline.program import AllReduce, HostThread, Program, StreamKind

__all__ = ["Run"]

Body = Callable[[], None]


class Run:
    """Runs a Program again and again; a context manager that frees everything at its end.

    Parameters
    ----------
    collector : Collector
        Already started.
    timeout_s : float
        After this long without the device coming to an end, a repeat fails.

    Attributes
    ----------
    windows : list of Window
        Host times of the recorded repeats.
    verified : int
        Known answers that were checked.
    peer_notes : tuple of str
        Which devices can't reach each other.
    """

    def __init__(
        self,
        api: Api,
        program: Program,
        options: RunOptions,
        collector: Collector,
        timeout_s: float,
    ) -> None:
        self.api = api
        self.program = program
        self.options = options
        self.collector = collector
        self.events = collector if isinstance(collector, EventsCollector) else None
        self.timeout_s = timeout_s
        self.windows: list[Window] = []
        self.verified = 0
        self.peer_notes: tuple[str, ...] = ()
        self.stage: Stage = make_stage(
            api, program, collector.timestamp, stamps=options.stamps, instrument=self.events
        )
        self.gate = Gatekeeper(self.stage, wanted=options.gate)
        self.clocks = Clocks(self.stage, self.events)
        self._pools = Pools(api, program)
        self._answers = Answers(program.expects)
        self._bodies: list[Body] = []
        self._entrances: list[Body] = []
        self._stuck = False
        self._kept = frozenset[int]().union(*(kept_buffers(graph) for graph in program.graphs))
        self._crew = Crew([thread.name for thread in program.threads], self._failed)

    def __enter__(self) -> Run:
        try:
            self._set_up()
        except BaseException:
            self.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    # Set-up

    def _set_up(self) -> None:
        stage = self.stage
        self.peer_notes = link_peers(self.api, self.program.devices)
        stage.handles.create()
        stage.memory.allocate()
        stage.stamps.allocate()
        self._pools.empty()
        self._number_streams()
        self.gate.build()
        for graph in self.program.graphs:
            stage.graphs[graph.id] = capture(stage, graph)
        for index, thread in enumerate(self.program.threads):
            self._prepare(index, thread)
        self.clocks.build()
        synchronize(stage)

    def _number_streams(self) -> None:
        ids, stream_id = self.stage.ids, getattr(self.collector, "stream_id", None)
        if stream_id is None:
            ids.number()
            return
        for stream in ids.shared():
            self.api.check(self.api.runtime.cudaSetDevice(stream.device), "cudaSetDevice")
            legacy = stream.kind is StreamKind.LEGACY
            handle = 0 if legacy else self.stage.handles.streams[stream.id].address
            ids.set(stream, SHARED, int(stream_id(handle)))

        def note(thread: int) -> None:
            for stream in ids.own(thread):
                self.api.check(self.api.runtime.cudaSetDevice(stream.device), "cudaSetDevice")
                ids.set(stream, thread, int(stream_id(0, per_thread=True)))

        self._crew.run_each(note, self.timeout_s)

    def _prepare(self, index: int, thread: HostThread) -> None:
        devices = [device for op in thread.ops if (device := device_of(op)) is not None]
        first = devices[0] if devices else self.program.devices[0]
        calls = steps(Issuer(self.stage, index), thread.ops, first)
        calls.insert(self.gate.plan.arrivals[index], [self.gate.arrival(index)])
        flat = [call for step in calls for call in step]
        ranges = self.stage.ranges

        def enter() -> None:
            self.gate.hold_own(index)
            self.api.check(self.api.runtime.cudaSetDevice(first), "cudaSetDevice")

        def body() -> None:
            depth = ranges.depth
            try:
                for call in flat:
                    call()
            finally:
                ranges.close(depth)

        self._entrances.append(enter)
        self._bodies.append(body)

    # Repeats

    def warm_up(self) -> None:
        """Run it unrecorded; the first time without the gate, as CUDA may load things, and wait.

        A Program with collectives runs at least once: NCCL connects the devices when they first
        reduce, and would wait for streams that are held.
        """
        collective = any(isinstance(op, AllReduce) for op in self.program.ops())
        for index in range(max(self.options.warmup, int(collective))):
            self._once(gated=index > 0, recorded=False)
            self.stage.memory.free_leftovers(self._kept)
        self.gate.forget()

    def repeat(self) -> None:
        """Run it recorded, and check its outputs.

        Raises
        ------
        VerificationError
            When an output is not the known answer.
        """
        self.windows.append(self._once(gated=True, recorded=True))
        if self.options.verify:
            self.verified += self._answers.check(self.stage.memory.read)
        self.stage.stamps.read(len(self.windows) - 1)
        self.stage.memory.free_leftovers(self._kept)

    def _once(self, *, gated: bool, recorded: bool) -> Window:
        self.stage.memory.fill()
        self.stage.stamps.clear()
        synchronize(self.stage)
        if self.events:
            self.events.begin_repeat(self.program.devices)
        self.stage.ranges.keep = self.stage.host.keep = recorded
        try:
            window = self._issue(gated=gated)
        finally:
            self.gate.open()
        if self.events:
            self.events.end_repeat(window.end, keep=recorded)
        return window

    def _issue(self, *, gated: bool) -> Window:
        ranges, now = self.stage.ranges, self.collector.timestamp
        push = ranges.pusher(self.program.name, "repeat")
        self.gate.close(gated=gated)
        self._crew.run(self._entrances, self.timeout_s)
        self.gate.watch()
        start = now()
        push()
        try:
            self._crew.run(self._bodies, self.timeout_s)
            issued = now()
            self._drain()
        except UnavailableError:  # too late: whatever it waits for may never end
            self._stuck = True
            raise
        finally:
            ranges.pop()
        return Window(start, issued, now())

    def _drain(self) -> None:
        stream = drain(self.stage, self.timeout_s)
        if stream is not None:
            raise UnavailableError(
                f"{self.program.name!r}: stream {stream.name!r} is not done after "
                f"{self.timeout_s:g} s; a kernel or a wait in it never ends"
            )

    def _failed(self) -> None:
        """A host thread failed: nothing may wait for it."""
        self.gate.open()
        for barrier in self.stage.barriers.values():
            barrier.abort()

    def release(self) -> None:
        """Free everything; a device that is stuck keeps its memory until the process ends."""
        self._failed()
        self._crew.close()
        if not self._stuck:
            self.clocks.release()
            self.stage.release()
            self._pools.release()
            self.gate.release()
