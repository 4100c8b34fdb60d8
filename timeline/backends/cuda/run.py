"""One Program on the GPU: everything it names made ready, run, and taken down again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from timeline.backends.base import RunOptions
from timeline.backends.cuda.api import NOT_READY, Api
from timeline.backends.cuda.clock import Calibration
from timeline.backends.cuda.collector import Collector
from timeline.backends.cuda.events import EventsCollector
from timeline.backends.cuda.gate import Gate, GatePlan, plan_gate
from timeline.backends.cuda.graphs import capture, kept_buffers
from timeline.backends.cuda.handles import Handles
from timeline.backends.cuda.host import HostFunctions
from timeline.backends.cuda.issue import device_of, steps
from timeline.backends.cuda.issuer import Issuer
from timeline.backends.cuda.launch import Functions
from timeline.backends.cuda.memory import Memory
from timeline.backends.cuda.nccl import Communicators
from timeline.backends.cuda.pools import Pools
from timeline.backends.cuda.ranges import Ranges
from timeline.backends.cuda.stage import Issue, Stage
from timeline.backends.cuda.stamps import Stamps
from timeline.backends.cuda.stream_ids import SHARED, StreamIds
from timeline.backends.cuda.threads import Crew
from timeline.backends.cuda.verify import check_expect
from timeline.errors import UnavailableError
from timeline.program import HostBarrier, HostThread, Launch, Program, StreamKind

__all__ = ["Run", "Window"]

_POLL_S = 20e-6
_MAPPED = 0x01 | 0x02  # cudaHostAllocPortable | cudaHostAllocMapped
_GATE_BYTES = 64
_LEGACY = 1


@dataclass(frozen=True, slots=True)
class Window:
    """Host times of one repeat, on the collector's clock, ns.

    Attributes
    ----------
    issued : int
        When the last host thread was done with its operations.
    end : int
        When the devices were idle too.
    """

    start: int
    issued: int
    end: int


class Run:
    """Runs a Program again and again; a context manager that frees everything at its end.

    Parameters
    ----------
    timeout_s : float
        After this long without the device coming to an end, a repeat fails.
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
        self.timeout_s = timeout_s
        self.plan: GatePlan = plan_gate(program)
        self.windows: list[Window] = []
        self.verified = 0
        self.gate_refused = ""
        self._gate: Gate | None = None
        self._gated = False
        self._gate_address = 0
        self._stuck = False
        self._bodies: list[Callable[[], None]] = []
        self._enter: list[Callable[[], None]] = []
        self._calibrations: dict[int, Calibration] = {}
        self.reported: dict[int, list[tuple[int, int]]] = {}
        self.stage = self._make_stage()
        self._pools = Pools(api, program)
        self._crew = Crew([thread.name for thread in program.threads] or ["main"], self._failed)

    def _make_stage(self) -> Stage:
        api, program, clock = self.api, self.program, self.collector.timestamp
        stage = Stage(
            api,
            program,
            Memory(api, program),
            Handles(api, program),
            Functions(api),
            StreamIds(program),
            Ranges(clock),
            HostFunctions(clock),
            Stamps(api, (), wanted=False),
            Communicators(api),
        )
        stage.stamps = Stamps(api, stage.launches(), wanted=self.options.stamps)
        if isinstance(self.collector, EventsCollector):
            stage.instrument = self.collector
        return stage

    # Set-up

    def __enter__(self) -> Run:
        try:
            self._set_up()
        except BaseException:
            self.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _set_up(self) -> None:
        stage = self.stage
        self._link_peers()
        stage.handles.create()
        stage.memory.allocate()
        stage.stamps.allocate()
        self._pools.empty()
        self._number_streams()
        self._open_gate()
        for graph in self.program.graphs:
            stage.graphs[graph.id] = capture(stage, graph)
        for index, thread in enumerate(self.program.threads):
            self._prepare(index, thread)
        if stage.stamps.any:
            for device in self.program.devices:
                made = Calibration(self.api, stage.functions, device)
                self._calibrations[device] = made

    def _link_peers(self) -> None:
        """Let each device of the Program reach the memory of the others, where it can."""
        runtime, devices = self.api.runtime, self.program.devices
        for device in devices:
            self.api.check(runtime.cudaSetDevice(device), f"opening device {device}")
            for peer in devices:
                if peer != device and runtime.cudaDeviceCanAccessPeer(device, peer)[1]:
                    runtime.cudaDeviceEnablePeerAccess(peer, 0)
                    runtime.cudaGetLastError()  # it may be on already

    def _number_streams(self) -> None:
        ids, stream_id = self.stage.ids, getattr(self.collector, "stream_id", None)
        if stream_id is None:
            ids.number()
            return
        for stream in ids.shared():
            self.api.check(self.api.runtime.cudaSetDevice(stream.device), "cudaSetDevice")
            address = self.stage.handles.streams[stream.id].address
            default = stream.kind is StreamKind.LEGACY
            ids.set(stream, SHARED, int(stream_id(0 if default else address)))

        def note(thread: int) -> Callable[[], None]:
            def body() -> None:
                for stream in ids.own(thread):
                    self.api.check(self.api.runtime.cudaSetDevice(stream.device), "cudaSetDevice")
                    ids.set(stream, thread, int(stream_id(0, per_thread=True)))

            return body

        if self.program.threads:
            self._crew.run([note(i) for i in range(len(self.program.threads))], self.timeout_s)

    def _prepare(self, index: int, thread: HostThread) -> None:
        device = next((d for d in map(device_of, thread.ops) if d is not None), None)
        first = self.program.devices[0] if device is None else device
        calls = steps(Issuer(self.stage, index), thread.ops, first)
        stop = self.plan.arrivals[index]
        at_barrier = stop < len(thread.ops) and isinstance(thread.ops[stop], HostBarrier)
        arrive = self._arrival(wait=stop < len(thread.ops) and not at_barrier)
        calls.insert(stop, [arrive])
        self._enter.append(self._entrance(index, first))
        self._bodies.append(self._body([call for step in calls for call in step]))

    def _arrival(self, *, wait: bool) -> Issue:
        def arrive() -> None:
            if self._gated and self._gate is not None:
                self._gate.arrive(wait=wait)

        return arrive

    def _entrance(self, index: int, device: int) -> Callable[[], None]:
        """What a thread does before a repeat: hold the streams that only it can name."""
        own = self.stage.ids.own(index)

        def enter() -> None:
            for stream in own if self._gated else ():
                self.api.check(self.api.runtime.cudaSetDevice(stream.device), "cudaSetDevice")
                self._hold(self.stage.handles.streams[stream.id].driver)
            self.api.check(self.api.runtime.cudaSetDevice(device), "cudaSetDevice")

        return enter

    def _body(self, calls: list[Issue]) -> Callable[[], None]:
        ranges = self.stage.ranges

        def body() -> None:
            depth = ranges.depth
            try:
                for call in calls:
                    call()
            finally:
                ranges.close(depth)

        return body

    # The gate

    def _open_gate(self) -> None:
        if not self.options.gate or self.plan.paced == "host":
            return
        result = self.api.runtime.cudaHostAlloc(_GATE_BYTES, _MAPPED)
        self._gate_address = int(self.api.check(result, "allocating the gate"))
        self._gate = Gate(self.api, self._gate_address)
        self._try_gate(self._gate)

    def _try_gate(self, gate: Gate) -> None:
        """Hold and open one stream; where that is refused, the Program runs without a gate."""
        gate.arm(1)
        status = gate.try_hold(self.api.driver.CUstream(_LEGACY))
        gate.open()
        if status:
            self.gate_refused = getattr(status, "name", str(status))
            self._gate = None
        self._idle()

    def _hold(self, stream: Any) -> None:
        if self._gate is not None:
            self._gate.hold(stream)

    def _close_gate(self) -> None:
        """Hold every stream that all threads can name; default streams first, as they wait most."""
        assert self._gate is not None
        self._gate.arm(len(self.program.threads))
        shared = self.stage.ids.shared()
        for stream in sorted(shared, key=lambda s: s.kind is not StreamKind.LEGACY):
            self.api.check(self.api.runtime.cudaSetDevice(stream.device), "cudaSetDevice")
            self._hold(self.stage.handles.streams[stream.id].driver)

    @property
    def paced(self) -> str:
        """``meta.paced`` of the repeats."""
        if self._gate is None:
            return "host"
        return "partly" if self._gate.forced else self.plan.paced

    @property
    def gate_forced(self) -> bool:
        """Whether the watchdog had to open the gate."""
        return self._gate is not None and self._gate.forced

    def _failed(self) -> None:
        """A thread failed: nothing may wait for it."""
        if self._gate is not None:
            self._gate.open()
        for barrier in self.stage.barriers.values():
            barrier.abort()

    # Repeats

    def warm_up(self) -> None:
        """Run it unrecorded. The first time without the gate: CUDA may load, and so wait, then."""
        for index in range(self.options.warmup):
            self._once(gated=index > 0, repeat=None)
        if self._gate is not None:
            self._gate.forced = False

    def calibrate(self) -> None:
        """Run the kernel that aligns in-kernel stamps; the devices must be idle."""
        for device, calibration in self._calibrations.items():
            if isinstance(self.collector, EventsCollector):
                legacy = self.stage.handles.wrap(_LEGACY).runtime
                for _ in range(calibration.runs):
                    span = self.collector.measure(calibration.launch, legacy, device)
                    self.reported.setdefault(device, []).append(span)
                    calibration.read()
            else:
                calibration.run()

    def stamps_of_clock(self, device: int) -> list[tuple[int, int]]:
        """What the calibration kernels read from ``%globaltimer`` on a device, in order."""
        return self._calibrations[device].stamps if device in self._calibrations else []

    def repeat(self, index: int) -> None:
        """Run it recorded.

        Raises
        ------
        VerificationError
            When an output is not the known answer.
        """
        self._once(gated=True, repeat=index)
        if self.options.verify:
            for expect in self.program.expects:
                check_expect(expect, self.stage.memory.read)
                self.verified += 1
        self.stage.stamps.read(index)
        self._after()

    def _once(self, *, gated: bool, repeat: int | None) -> None:
        self.stage.memory.fill()
        self.stage.stamps.clear()
        self._idle()
        self._gated = gated and self._gate is not None
        events = self.collector if isinstance(self.collector, EventsCollector) else None
        if events:
            events.begin_repeat(self.program.devices)
        try:
            window = self._issue(recorded=repeat is not None)
        finally:
            self._failed_or_done()
        if events:
            events.end_repeat(keep=repeat is not None)
        if repeat is None:
            self._after()
        else:
            self.windows.append(window)

    def _issue(self, *, recorded: bool) -> Window:
        ranges, now = self.stage.ranges, self.collector.timestamp
        push = ranges.pusher(self.program.name, "repeat")
        ranges.keep = self.stage.host.keep = recorded
        if self._gated and self._gate is not None:
            self._close_gate()
        self._crew.run(self._enter, self.timeout_s)
        if self._gated and self._gate is not None:
            self._gate.watch()
        start = now()
        push()
        try:
            self._crew.run(self._bodies, self.timeout_s)
            issued = now()
            self._drain()
        finally:
            ranges.pop()
        return Window(start, issued, now())

    def _failed_or_done(self) -> None:
        """Leave nothing held, whatever happened."""
        if self._gate is not None:
            self._gate.open()

    def _after(self) -> None:
        kept = [kept_buffers(graph) for graph in self.program.graphs]
        self.stage.memory.free_leftovers(frozenset().union(*kept))

    def _drain(self) -> None:
        """Wait until the devices are idle, but not for ever.

        Raises
        ------
        UnavailableError
            When they are not within ``timeout_s``.
        """
        deadline = time.monotonic() + self.timeout_s
        for stream in self.stage.ids.shared():
            handle = self.stage.handles.streams[stream.id].runtime
            self.api.check(self.api.runtime.cudaSetDevice(stream.device), "cudaSetDevice")
            while status := self.api.runtime.cudaStreamQuery(handle)[0]:
                if int(status) != NOT_READY:
                    raise self.api.error(status, f"running {self.program.name!r}")
                if time.monotonic() > deadline:
                    self._stuck = True
                    raise UnavailableError(
                        f"{self.program.name!r}: stream {stream.name!r} is not done after "
                        f"{self.timeout_s:g} s; a kernel or a wait in it never ends"
                    )
                time.sleep(_POLL_S)
        self._idle()

    def _idle(self) -> None:
        for device in self.program.devices:
            self.api.check(self.api.runtime.cudaSetDevice(device), "cudaSetDevice")
            result = self.api.runtime.cudaDeviceSynchronize()
            self.api.check(result, f"running {self.program.name!r}")

    # The end

    def release(self) -> None:
        """Free everything; a device that is stuck keeps its memory until the process ends."""
        self._failed()
        self._crew.close()
        if self._stuck:
            return
        stage = self.stage
        for executable in stage.graphs.values():
            self.api.runtime.cudaGraphExecDestroy(executable)
        stage.graphs.clear()
        for calibration in self._calibrations.values():
            calibration.release()
        stage.nccl.release()
        stage.stamps.release()
        stage.memory.release()
        self._pools.release()
        stage.handles.release()
        stage.functions.release()
        if self._gate_address:
            self.api.runtime.cudaFreeHost(self._gate_address)
            self._gate_address = 0


def uses_pdl(program: Program) -> bool:
    """Whether a launch of the Program is a programmatic dependent launch."""
    return any(isinstance(op, Launch) and op.pdl for op in program.ops())
