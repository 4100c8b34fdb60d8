"""A CUDA device made of host memory: it runs what the backend issues, in CUDA's order.

Streams, events, gates, graphs and host functions behave as CUDA's; kernels are the ``emulate``
functions of the Programs it was taught. A wait that nothing can end is an error, not a hang. Every
call must exist in cuda-bindings and take as many arguments there.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from cuda.bindings import driver as real_driver
from cuda.bindings import runtime as real_runtime

from timeline.backends.cuda.api import Api
from timeline.backends.cuda.nvrtc import symbol_of
from timeline.program import Kernel, Launch, Program, Span, TensorMap

LEGACY, PER_THREAD = 1, 2
NOT_READY = 600
GiB = 1 << 30

Bytes = npt.NDArray[np.uint8]


class DeadlockError(AssertionError):
    """The host waits for something that no other thread can bring about."""


@dataclass(eq=False)
class Task:
    """Work in a stream: runs once all ``after`` are done and ``ready`` says so."""

    run: Callable[[], object]
    after: list[Task]
    ready: Callable[[], bool] = lambda: True
    done: bool = False


@dataclass
class Stream:
    blocking: bool
    tail: Task | None = None
    capture: list[Callable[[], object]] | None = None


@dataclass
class Event:
    task: Task | None = None
    at_ns: int = 0


@dataclass
class FakeCuda:
    """State of the device, and the two modules of functions over it."""

    devices: int = 1
    memory_bytes: int = GiB
    stream_memory_operations: bool = True
    greatest_priority: int = -5
    peer_access: bool = True
    skew_ns: int = 0
    calls: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    fail: dict[str, int] = field(default_factory=dict)
    patience_s: float = 30.0

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self.pending: list[Task] = []
        self.streams: dict[int, Stream] = {LEGACY: Stream(blocking=True)}
        self.events: dict[int, Event] = {}
        self.blocks: dict[int, Bytes] = {}
        self.host: dict[int, Bytes] = {}
        self.graphs: dict[int, list[Callable[[], object]]] = {}
        self.graph_memory: dict[int, list[int]] = {}
        self.capturing: list[int] = []
        self.kernels: dict[str, Kernel] = {}
        self.layouts: dict[str, list[Any]] = {}
        self.ran: list[str] = []
        self.thresholds: dict[int, int] = {}
        self.local = threading.local()
        self.passed = 0
        self._next = 1000
        self.api = _FakeApi(_Module(self, real_driver, Driver(self)), _runtime(self))
        self.api.device = self
        self.nccl = Nccl(self)

    # What tests say and ask

    def teach(self, program: Program) -> None:
        """Learn the kernels of a Program, with the sizes of their arguments."""
        graph_ops = (op for graph in program.graphs for op in graph.ops)
        for op in (*program.ops(), *graph_ops):
            if isinstance(op, Launch):
                symbol = symbol_of(op.kernel)
                self.kernels[symbol] = op.kernel
                self.layouts[symbol] = list(op.args)

    def compile(self, kernel: Kernel, arch: str) -> bytes:
        """Stands for NVRTC: a "cubin" is the symbol's name."""
        assert arch.startswith("sm_")
        return symbol_of(kernel).encode()

    def named(self, *names: str) -> list[tuple[str, tuple[Any, ...]]]:
        """The calls of these names, in order."""
        return [call for call in self.calls if call[0] in names]

    @property
    def leaked(self) -> dict[str, int]:
        """What is allocated and never freed."""
        left = {
            "device blocks": len(self.blocks),
            "host blocks": len(self.host),
            "streams": len([s for s in self.streams if s > 100]),
            "events": len(self.events),
            "graphs": len(self.graphs),
            "communicators": len(self.nccl.open),
        }
        return {name: count for name, count in left.items() if count}

    # The device

    def handle(self) -> int:
        with self.lock:
            self._next += 8
            return self._next

    def stream(self, handle: Any) -> Stream:
        number = int(handle)
        if number == PER_THREAD:
            number = -threading.get_native_id()
            self.streams.setdefault(number, Stream(blocking=True))
        return self.streams[number]

    def put(
        self, handle: Any, run: Callable[[], object], ready: Callable[[], bool] = lambda: True
    ) -> Task | None:
        """Enqueue work; into a stream that is captured, only note it."""
        with self.lock:
            stream = self.stream(handle)
            if stream.capture is not None:
                stream.capture.append(run)
                return None
            legacy = self.streams[LEGACY]
            after = [stream.tail]
            if stream is legacy:
                after += [s.tail for s in self.streams.values() if s.blocking]
            elif stream.blocking:
                after.append(legacy.tail)
            task = Task(run, [t for t in after if t is not None and not t.done], ready)
            stream.tail = task
            self.pending.append(task)
            self.pump()
            return task

    def pump(self) -> None:
        """Run everything that can run."""
        with self.lock:
            moved = True
            while moved:
                moved = False
                for task in list(self.pending):
                    if all(t.done for t in task.after) and task.ready():
                        self.pending.remove(task)
                        task.run()
                        task.done = moved = True

    def wait(self, done: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + self.patience_s
        while True:
            self.pump()
            if done():
                return
            if time.monotonic() > deadline:
                raise DeadlockError(f"{what} waits for ever")
            time.sleep(0)

    def block(self, address: int) -> Bytes:
        """The memory from ``address`` to the end of its allocation."""
        for base, block in (*self.blocks.items(), *self.host.items()):
            if base <= address < base + block.size:
                return block[address - base :]
        raise KeyError(f"no memory at {address}")

    def allocate(self, size: int) -> int | None:
        with self.lock:
            if sum(b.size for b in self.blocks.values()) + size > self.memory_bytes:
                return None
            block = np.zeros(size, np.uint8)
            self.blocks[block.ctypes.data] = block
            return int(block.ctypes.data)

    def forget(self, address: int) -> None:
        del self.blocks[address]

    def launch(self, symbol: str, pointers: int) -> Callable[[], object]:
        """Read the arguments now, as CUDA does, and return what the kernel will do."""
        self.ran.append(symbol)
        if symbol == "timeline_clock":
            block = self.block(_load(pointers, 0, ctypes.c_uint64)).view(np.uint64)
            return lambda: _stamp_clock(block)
        if symbol == "timeline_skew":
            place, rounds = (_load(pointers, index, ctypes.c_uint64) for index in (2, 3))
            first = bool(_load(pointers, 5, ctypes.c_uint64))
            return lambda: self._pass_back(self.block(place).view(np.uint64), rounds, first)
        arguments = [
            self._argument(pointers, index, wanted)
            for index, wanted in enumerate(self.layouts[symbol])
        ]
        kernel = self.kernels[symbol]
        stamps = None
        if kernel.stamp_roles:
            stamps = _load(pointers, len(arguments), ctypes.c_uint64)

        def run() -> None:
            if stamps:
                self.block(stamps)[:32].view(np.uint64)[:2] = time.perf_counter_ns() + 5_000_000
            if kernel.emulate is not None:
                kernel.emulate(arguments)

        return run

    def _pass_back(self, block: npt.NDArray[np.uint64], rounds: int, first: bool) -> None:
        """The first device's readings lie 100 ns around the second one's, whose clock is ahead."""
        if first:
            self.passed = time.perf_counter_ns() + 5_000_000
        for index in range(rounds):
            seen = self.passed + 1000 * index
            both = (seen - 50, seen + 50) if first else (seen - 500, seen + self.skew_ns)
            block[2 * index : 2 * index + 2] = both

    def _argument(self, pointers: int, index: int, wanted: Any) -> Any:
        if isinstance(wanted, TensorMap):
            address = _load(pointers, index, ctypes.c_uint64)  # see cuTensorMapEncodeTiled
            return self.block(address)[: wanted.span.bytes]
        if isinstance(wanted, Span):
            return self.block(_load(pointers, index, ctypes.c_uint64))[: wanted.bytes]
        scalar = wanted if isinstance(wanted, np.generic) else np.int64(wanted)
        raw = ctypes.string_at(_load(pointers, index, None), scalar.nbytes)
        return np.frombuffer(raw, scalar.dtype)[0]


def _load(pointers: int, index: int, kind: Any) -> int:
    address = ctypes.c_uint64.from_address(pointers + 8 * index).value
    return address if kind is None else int(kind.from_address(address).value)


def _argument_bytes(argument: Any) -> int:
    if isinstance(argument, TensorMap):
        return 128
    return argument.nbytes if isinstance(argument, np.generic) else 8


def _stamp_clock(block: npt.NDArray[np.uint64]) -> None:
    start = time.perf_counter_ns() + 5_000_000
    block[:2] = start, start + 100


class _FakeApi(Api):
    device: FakeCuda

    def capture_host_func(self, stream: int, function: int) -> tuple[int]:
        self.device.put(stream, lambda: _call_host(function))
        return (0,)


def _call_host(function: Any) -> None:
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(int(function))(None)


class _Module:
    """Functions of one API: counted, checked against the real ones, and made to fail on demand."""

    def __init__(self, fake: FakeCuda, real: Any, functions: Any) -> None:
        self._fake = fake
        self._real = real
        self._functions = functions

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._real, name)
        if not name.startswith(("cu", "cuda")) or isinstance(real, type | int):
            return real
        function = getattr(self._functions, name)
        expected = _arity(real)

        def call(*arguments: Any) -> Any:
            assert len(arguments) == expected, f"{name} takes {expected} arguments"
            self._fake.calls.append((name, arguments))
            if self._fake.fail.get(name):
                return (SimpleStatus(self._fake.fail[name]), None, None)[: 1 + _outputs(name)]
            return function(*arguments)

        return call


def _outputs(name: str) -> int:
    made = ("Malloc", "Alloc", "Create", "ModuleLoad", "GetFunction", "Instantiate", "EndCapture")
    return 1 if any(word in name for word in made) else 0


class SimpleStatus(int):
    """A status with a name."""

    @property
    def name(self) -> str:
        return str(real_runtime.cudaError_t(int(self)).name)


def _arity(real: Any) -> int:
    signature = (real.__doc__ or "").strip().split("\n")[0]
    inside = signature[signature.index("(") + 1 : signature.rindex(")")]
    depth, count = 0, 1 if inside.strip() else 0
    for character in inside:
        depth += (character in "[(" and 1) or (-1 if character in "])" else 0)
        count += character == "," and depth == 0
    return count


OK = (0,)


class Driver:
    """``cuda.bindings.driver``."""

    def __init__(self, fake: FakeCuda) -> None:
        self.fake = fake
        self.modules: dict[int, str] = {}
        self.attributes: list[tuple[str, Any, int]] = []

    def cuInit(self, flags: int) -> Any:  # noqa: N802
        return OK

    def cuDeviceGetCount(self) -> Any:  # noqa: N802
        return 0, self.fake.devices

    def cuDeviceGet(self, ordinal: int) -> Any:  # noqa: N802
        return 0, ordinal

    def cuDeviceGetName(self, length: int, device: int) -> Any:  # noqa: N802
        return 0, b"Fake GPU".ljust(length, b"\0")

    def cuDeviceGetPCIBusId(self, length: int, device: int) -> Any:  # noqa: N802
        return 0, b"0000:00:00.0".ljust(length, b"\0")

    def cuDeviceTotalMem(self, device: int) -> Any:  # noqa: N802
        return 0, self.fake.memory_bytes

    def cuDeviceGetAttribute(self, key: Any, device: int) -> Any:  # noqa: N802
        values = {"COMPUTE_CAPABILITY_MAJOR": 9, "MULTIPROCESSOR_COUNT": 132}
        return 0, values.get(key.name.removeprefix("CU_DEVICE_ATTRIBUTE_"), 0)

    def cuDriverGetVersion(self) -> Any:  # noqa: N802
        return 0, 13000

    def cuModuleLoadData(self, image: bytes) -> Any:  # noqa: N802
        handle = self.fake.handle()
        self.modules[handle] = "" if image.startswith(b"\x7fELF") else image.decode()
        return 0, handle

    def cuModuleUnload(self, module: int) -> Any:  # noqa: N802
        del self.modules[module]
        return OK

    def cuModuleGetFunction(self, module: int, name: bytes) -> Any:  # noqa: N802
        assert self.modules[module] in ("", name.decode())
        return 0, name.decode()

    def cuFuncLoad(self, function: str) -> Any:  # noqa: N802
        return OK

    def cuFuncGetAttribute(self, key: Any, function: str) -> Any:  # noqa: N802
        return 0, 16

    def cuFuncSetAttribute(self, function: str, key: Any, value: int) -> Any:  # noqa: N802
        self.attributes.append((function, key, value))
        return OK

    def cuFuncGetParamInfo(self, function: str, index: int) -> Any:  # noqa: N802
        layout = self.fake.layouts[function]
        sizes = [_argument_bytes(argument) for argument in layout]
        if self.fake.kernels[function].stamp_roles:
            sizes.append(8)
        return (0, 8 * index, sizes[index]) if index < len(sizes) else (1, None, None)

    def cuTensorMapEncodeTiled(  # noqa: N802
        self, kind: Any, rank: int, address: int, shape: Any, strides: Any, box: Any, *rest: Any
    ) -> Any:
        assert (len(shape), len(strides), len(box)) == (rank, rank - 1, rank)
        assert address % 16 == 0
        made = real_driver.CUtensorMap()
        words = [address, *(int(n) for n in shape), *[0] * (15 - rank)]
        made.opaque = [real_driver.cuuint64_t(word) for word in words]
        return 0, made

    def cuLaunchKernelEx(  # noqa: N802
        self, config: Any, function: str, pointers: int, extra: int
    ) -> Any:
        self.fake.put(config.hStream, self.fake.launch(function, pointers))
        return OK

    def cuStreamWaitValue32(  # noqa: N802
        self, stream: Any, address: int, value: int, flags: int
    ) -> Any:
        if not self.fake.stream_memory_operations:
            return (SimpleStatus(801),)
        word = ctypes.c_uint32.from_address(address)
        self.fake.put(stream, lambda: None, lambda: word.value >= value)
        return OK


class Runtime:
    """``cuda.bindings.runtime``."""

    def __init__(self, fake: FakeCuda) -> None:
        self.fake = fake
        self.linked: set[tuple[int, int]] = set()

    def cudaRuntimeGetVersion(self) -> Any:  # noqa: N802
        return 0, 13000

    def cudaSetDevice(self, device: int) -> Any:  # noqa: N802
        self.fake.local.device = device
        return OK

    def cudaGetLastError(self) -> Any:  # noqa: N802
        return OK

    def cudaMemGetInfo(self) -> Any:  # noqa: N802
        used = sum(b.size for b in self.fake.blocks.values())
        return 0, self.fake.memory_bytes - used, self.fake.memory_bytes

    def cudaDeviceCanAccessPeer(self, device: int, peer: int) -> Any:  # noqa: N802
        return 0, int(self.fake.peer_access)

    def cudaDeviceEnablePeerAccess(self, peer: int, flags: int) -> Any:  # noqa: N802
        pair = (getattr(self.fake.local, "device", 0), peer)
        if pair in self.linked:
            return (SimpleStatus(704),)
        self.linked.add(pair)
        return OK

    # Memory

    def cudaMalloc(self, size: int) -> Any:  # noqa: N802
        address = self.fake.allocate(size)
        return (0, address) if address else (SimpleStatus(2), None)

    def cudaMallocManaged(self, size: int, flags: int) -> Any:  # noqa: N802
        return self.cudaMalloc(size)

    def cudaHostAlloc(self, size: int, flags: int) -> Any:  # noqa: N802
        block = np.zeros(size, np.uint8)
        self.fake.host[block.ctypes.data] = block
        return 0, block.ctypes.data

    def cudaFree(self, address: int) -> Any:  # noqa: N802
        self._idle("cudaFree")
        return OK if self.fake.blocks.pop(address, None) is not None else (SimpleStatus(1),)

    def cudaFreeHost(self, address: int) -> Any:  # noqa: N802
        self._idle("cudaFreeHost")
        del self.fake.host[address]
        return OK

    def cudaMallocAsync(self, size: int, stream: Any) -> Any:  # noqa: N802
        address = self.fake.allocate(size)
        if address and self.fake.stream(stream).capture is not None:
            self.fake.capturing.append(address)
        self.fake.put(stream, lambda: None)
        return (0, address) if address else (SimpleStatus(2), None)

    def cudaFreeAsync(self, address: int, stream: Any) -> Any:  # noqa: N802
        captured = self.fake.stream(stream).capture is not None
        self.fake.put(stream, lambda: None if captured else self.fake.forget(address))
        return OK

    def cudaDeviceGetDefaultMemPool(self, device: int) -> Any:  # noqa: N802
        return 0, device

    def cudaMemPoolTrimTo(self, pool: int, size: int) -> Any:  # noqa: N802
        return OK

    def cudaMemPoolGetAttribute(self, pool: int, key: Any) -> Any:  # noqa: N802
        return 0, self.fake.thresholds.get(pool, 0)

    def cudaMemPoolSetAttribute(self, pool: int, key: Any, value: Any) -> Any:  # noqa: N802
        self.fake.thresholds[pool] = int(value)
        return OK

    # Copies

    def cudaMemcpyAsync(  # noqa: N802
        self, dst: int, src: int, size: int, kind: Any, stream: Any
    ) -> Any:
        task = self.fake.put(stream, lambda: ctypes.memmove(dst, src, size))
        pageable = [a for a in (dst, src) if not self._known(a)]
        if task is not None and pageable:
            self.fake.wait(lambda: task.done, "a copy of pageable memory")
        return OK

    def cudaMemcpyPeerAsync(  # noqa: N802
        self, dst: int, to: int, src: int, source: int, size: int, stream: Any
    ) -> Any:
        self.fake.put(stream, lambda: ctypes.memmove(dst, src, size))
        return OK

    def cudaMemcpy(self, dst: int, src: int, size: int, kind: Any) -> Any:  # noqa: N802
        task = self.fake.put(LEGACY, lambda: ctypes.memmove(dst, src, size))
        assert task is not None
        self.fake.wait(lambda: task.done, "cudaMemcpy")
        return OK

    def cudaMemset(self, dst: int, value: int, size: int) -> Any:  # noqa: N802
        self.fake.put(LEGACY, lambda: ctypes.memset(dst, value, size))
        return OK

    def cudaMemsetAsync(self, dst: int, value: int, size: int, stream: Any) -> Any:  # noqa: N802
        self.fake.put(stream, lambda: ctypes.memset(dst, value, size))
        return OK

    def _known(self, address: int) -> bool:
        try:
            self.fake.block(address)
        except KeyError:
            return False
        return True

    # Streams and events

    def cudaDeviceGetStreamPriorityRange(self) -> Any:  # noqa: N802
        return 0, 0, self.fake.greatest_priority

    def cudaStreamCreateWithPriority(self, flags: int, priority: int) -> Any:  # noqa: N802
        handle = self.fake.handle()
        self.fake.streams[handle] = Stream(blocking=flags == 0)
        return 0, handle

    def cudaStreamCreateWithFlags(self, flags: int) -> Any:  # noqa: N802
        return self.cudaStreamCreateWithPriority(flags, 0)

    def cudaStreamDestroy(self, stream: Any) -> Any:  # noqa: N802
        del self.fake.streams[int(stream)]
        return OK

    def cudaStreamQuery(self, stream: Any) -> Any:  # noqa: N802
        self.fake.pump()
        tail = self.fake.stream(stream).tail
        return OK if tail is None or tail.done else (SimpleStatus(NOT_READY),)

    def cudaStreamSynchronize(self, stream: Any) -> Any:  # noqa: N802
        tail = self.fake.stream(stream).tail
        self.fake.wait(lambda: tail is None or tail.done, "cudaStreamSynchronize")
        return OK

    def cudaDeviceSynchronize(self) -> Any:  # noqa: N802
        self._idle("cudaDeviceSynchronize")
        return OK

    def _idle(self, what: str) -> None:
        with self.fake.lock:
            tasks = list(self.fake.pending)
        self.fake.wait(lambda: all(task.done for task in tasks), what)

    def cudaEventCreateWithFlags(self, flags: int) -> Any:  # noqa: N802
        handle = self.fake.handle()
        self.fake.events[handle] = Event()
        return 0, handle

    def cudaEventDestroy(self, event: int) -> Any:  # noqa: N802
        del self.fake.events[event]
        return OK

    def cudaEventRecord(self, event: int, stream: Any) -> Any:  # noqa: N802
        found = self.fake.events[event]

        def stamp() -> None:
            found.at_ns = time.perf_counter_ns()

        task = self.fake.put(stream, stamp)
        if task is not None:
            found.task = task
        return OK

    def cudaEventQuery(self, event: int) -> Any:  # noqa: N802
        self.fake.pump()
        task = self.fake.events[event].task
        return OK if task is None or task.done else (SimpleStatus(NOT_READY),)

    def cudaEventSynchronize(self, event: int) -> Any:  # noqa: N802
        task = self.fake.events[event].task
        self.fake.wait(lambda: task is None or task.done, "cudaEventSynchronize")
        return OK

    def cudaEventElapsedTime(self, start: int, end: int) -> Any:  # noqa: N802
        return 0, (self.fake.events[end].at_ns - self.fake.events[start].at_ns) / 1e6

    def cudaStreamWaitEvent(self, stream: Any, event: int, flags: int) -> Any:  # noqa: N802
        task = self.fake.events[event].task
        self._join(stream)
        self.fake.put(stream, lambda: None, lambda: task is None or task.done)
        return OK

    def _join(self, stream: Any) -> None:
        """Waiting for an event of a captured stream brings the stream into the capture."""
        open_ones = [s.capture for s in self.fake.streams.values() if s.capture is not None]
        if open_ones:
            self.fake.stream(stream).capture = open_ones[0]

    def cudaLaunchHostFunc(self, stream: Any, function: Any, data: int) -> Any:  # noqa: N802
        self.fake.put(stream, lambda: _call_host(function))
        return OK

    # Graphs

    def cudaStreamBeginCapture(self, stream: Any, mode: Any) -> Any:  # noqa: N802
        self.fake.stream(stream).capture = []
        return OK

    def cudaStreamEndCapture(self, stream: Any) -> Any:  # noqa: N802
        recorded = self.fake.stream(stream).capture or []
        for each in self.fake.streams.values():
            each.capture = None
        handle = self.fake.handle()
        self.fake.graphs[handle] = recorded
        self.fake.graph_memory[handle], self.fake.capturing = self.fake.capturing, []
        return 0, handle

    def cudaGraphInstantiate(self, graph: int, flags: int) -> Any:  # noqa: N802
        handle = self.fake.handle()
        self.fake.graphs[handle] = self.fake.graphs[graph]
        self.fake.graph_memory[handle] = self.fake.graph_memory.pop(graph)
        return 0, handle

    def cudaGraphUpload(self, graph: int, stream: Any) -> Any:  # noqa: N802
        return OK

    def cudaGraphDestroy(self, graph: int) -> Any:  # noqa: N802
        del self.fake.graphs[graph]
        for address in self.fake.graph_memory.pop(graph, ()):  # its memory goes with the graph
            self.fake.blocks.pop(address, None)
        return OK

    def cudaGraphExecDestroy(self, graph: int) -> Any:  # noqa: N802
        return self.cudaGraphDestroy(graph)

    def cudaDeviceGraphMemTrim(self, device: int) -> Any:  # noqa: N802
        return OK

    def cudaGraphLaunch(self, graph: int, stream: Any) -> Any:  # noqa: N802
        recorded = list(self.fake.graphs[graph])
        self.fake.put(stream, lambda: _run_all(recorded))
        return OK


class Nccl:
    """An all-reduce that starts once every device has come to it."""

    def __init__(self, fake: FakeCuda) -> None:
        self.fake = fake
        self.open: dict[int, int] = {}

    def init_all(self, devices: Sequence[int]) -> list[int]:
        made = {self.fake.handle(): device for device in devices}
        self.open.update(made)
        return list(made)

    def destroy(self, communicator: int) -> None:
        del self.open[communicator]

    def all_reduce(
        self,
        communicators: Sequence[int],
        addresses: Sequence[int],
        count: int,
        streams: Sequence[int],
    ) -> None:
        assert all(communicator in self.open for communicator in communicators)
        parts = [self.fake.block(a)[: 4 * count].view(np.float32) for a in addresses]
        arrived: list[Task] = []
        summed: list[npt.NDArray[np.float32]] = []

        def ready() -> bool:
            return len(arrived) == len(parts) and all(
                t.done for task in arrived for t in task.after
            )

        def add_up() -> None:
            if not summed:
                summed.append(np.sum(parts, axis=0, dtype=np.float32))
                for part in parts:
                    part[:] = summed[0]

        with self.fake.lock:
            for stream in streams:
                task = self.fake.put(stream, add_up, ready)
                assert task is not None
                arrived.append(task)
            self.fake.pump()


def _run_all(recorded: Iterable[Callable[[], object]]) -> None:
    for run in recorded:
        run()


def _runtime(fake: FakeCuda) -> _Module:
    return _Module(fake, real_runtime, Runtime(fake))
