"""The device under test, its probe kernels, and the few calls that every experiment repeats."""

from __future__ import annotations

import ctypes
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from cuda.bindings import driver, nvrtc, runtime

MS = 1_000_000
NON_BLOCKING = 1
Json = dict[str, Any]


def check(result: tuple[Any, ...]) -> Any:
    """Raise unless the first value of a CUDA call is success; return the rest."""
    code = result[0]
    if int(code) != 0:
        raise RuntimeError(f"{code!r}")
    return result[1] if len(result) == 2 else result[1:]


def compile_module(capability: str) -> Any:
    source = Path(__file__).with_name("probes.cu").read_bytes()
    program = check(nvrtc.nvrtcCreateProgram(source, b"probes.cu", 0, [], []))
    options = [f"--gpu-architecture=sm_{capability}".encode()]
    code = nvrtc.nvrtcCompileProgram(program, len(options), options)[0]
    if int(code) != 0:
        log = b" " * check(nvrtc.nvrtcGetProgramLogSize(program))
        nvrtc.nvrtcGetProgramLog(program, log)
        raise RuntimeError(log.decode())
    cubin = b" " * check(nvrtc.nvrtcGetCUBINSize(program))
    check(nvrtc.nvrtcGetCUBIN(program, cubin))
    return check(driver.cuModuleLoadData(cubin))


class Lab:
    """A device, its kernels, and the few calls that every experiment repeats."""

    def __init__(self, device: int = 0) -> None:
        self.device = device
        self.use()
        check(runtime.cudaFree(0))
        self.properties = check(runtime.cudaGetDeviceProperties(device))
        capability = f"{self.properties.major}{self.properties.minor}"
        module = compile_module(capability + ("a" if capability == "90" else ""))
        names = ("spin", "empty", "primary", "secondary", "stream_copy", "fma_loop")
        self.kernels = {n: check(driver.cuModuleGetFunction(module, n.encode())) for n in names}
        self.a, self.b, self.c = (self.stream() for _ in range(3))
        self.stamps = check(runtime.cudaMalloc(1 << 20))

    def use(self) -> None:
        """Make it the current device."""
        check(runtime.cudaSetDevice(self.device))

    def stream(self, flags: int = NON_BLOCKING, priority: int = 0) -> Any:
        return check(runtime.cudaStreamCreateWithPriority(flags, priority))

    def launch(
        self,
        name: str,
        stream: Any,
        *values: int,
        grid: int = 1,
        block: int = 32,
        attributes: tuple[Any, ...] = (),
    ) -> None:
        config = driver.CUlaunchConfig()
        config.gridDimX, config.gridDimY, config.gridDimZ = grid, 1, 1
        config.blockDimX, config.blockDimY, config.blockDimZ = block, 1, 1
        config.hStream = driver.CUstream(int(stream))
        config.attrs = list(attributes)
        config.numAttrs = len(attributes)
        arguments = (tuple(values), tuple(ctypes.c_uint64 for _ in values)) if values else 0
        check(driver.cuLaunchKernelEx(config, self.kernels[name], arguments, 0))

    def spin(self, stream: Any, ns: int, slot: int | None = None, **shape: Any) -> None:
        address = 0 if slot is None else int(self.stamps) + 16 * slot
        self.launch("spin", stream, ns, address, **shape)

    def sync(self) -> None:
        check(runtime.cudaDeviceSynchronize())

    def read(self, count: int) -> np.ndarray[Any, np.dtype[np.uint64]]:
        """The first ``count`` stamps, after a synchronisation."""
        self.sync()
        out = np.zeros(count, np.uint64)
        kind = runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost
        check(runtime.cudaMemcpy(out.ctypes.data, self.stamps, out.nbytes, kind))
        return out

    def spans(self, count: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """``(count, 2)`` start and end of the spins with slots 0..count-1, from the first start."""
        stamps = self.read(2 * count).astype(np.int64).reshape(-1, 2)
        spans: np.ndarray[Any, np.dtype[np.int64]] = stamps - stamps[:, 0].min()
        return spans


def timed(call: Callable[[], Any]) -> int:
    start = time.perf_counter_ns()
    call()
    return time.perf_counter_ns() - start


def median(values: list[int]) -> int:
    return round(statistics.median(values))


def attribute(kind: str, **values: Any) -> Any:
    found = driver.CUlaunchAttribute()
    found.id = getattr(driver.CUlaunchAttributeID, f"CU_LAUNCH_ATTRIBUTE_{kind}")
    for name, value in values.items():
        setattr(found.value, name, value)
    return found
