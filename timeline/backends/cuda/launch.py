"""Kernels on a device: loading, launch configuration and attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from timeline.backends.cuda.api import Api
from timeline.backends.cuda.device import architecture_of
from timeline.backends.cuda.handles import StreamHandle
from timeline.backends.cuda.nvrtc import compile_kernel, compile_text, symbol_of
from timeline.backends.cuda.params import Params
from timeline.errors import ProgramError
from timeline.program import Kernel, Launch

__all__ = ["Functions", "Loaded", "check_params", "launch_config"]

_DEFAULT_SHARED_BYTES = 48 << 10
_PORTABLE_CLUSTER = 8
_INVALID_VALUE = 1


@dataclass(frozen=True, slots=True)
class Loaded:
    """A kernel on a device: its ``CUfunction`` and what the compiler decided."""

    function: Any
    symbol: str
    registers: int
    static_shared_bytes: int


_KEPT: dict[tuple[Any, bytes, str, int], Loaded] = {}
"""Kernels by driver, cubin, symbol and device: loaded once a process, and never unloaded.

CUPTI keeps kernel names by function handle. A module that was unloaded while nothing was collected
leaves its names behind, and the next one at the same address appears under them (seen with CUPTI
13.0 on an H200).
"""


class Functions:
    """Kernels compiled and loaded on first use, once a device."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._loaded: dict[tuple[Kernel, int], Loaded] = {}

    def load(self, kernel: Kernel, device: int) -> Loaded:
        """The function of a kernel on a device, ready to be launched without any lazy loading."""
        key = (kernel, device)
        if key not in self._loaded:
            cubin = compile_kernel(kernel, architecture_of(self._api, device))
            self._loaded[key] = self._kept(cubin, symbol_of(kernel), device)
        return self._loaded[key]

    def load_text(self, source: bytes, symbol: str, device: int) -> Loaded:
        """Compile and load CUDA C++ that is not in ``kernels/``."""
        arch = architecture_of(self._api, device)
        cubin = compile_text(source, f"{symbol}.cu", [f"--gpu-architecture={arch}"])
        return self._kept(cubin, symbol, device)

    def _kept(self, cubin: bytes, symbol: str, device: int) -> Loaded:
        key = (self._api.driver, cubin, symbol, device)
        if key not in _KEPT:
            _KEPT[key] = self._load(cubin, symbol, device)
        return _KEPT[key]

    def _load(self, cubin: bytes, symbol: str, device: int) -> Loaded:
        driver, check = self._api.driver, self._api.check
        check(self._api.runtime.cudaSetDevice(device), "cudaSetDevice")
        module = check(driver.cuModuleLoadData(cubin), f"loading kernel {symbol!r}")
        status, function = driver.cuModuleGetFunction(module, symbol.encode())
        if status:
            raise ProgramError(f'no extern "C" __global__ function {symbol!r} in its source')
        check(driver.cuFuncLoad(function), f"loading kernel {symbol!r}")
        kinds = driver.CUfunction_attribute

        def attribute(name: str) -> int:
            key = getattr(kinds, f"CU_FUNC_ATTRIBUTE_{name}")
            return int(check(driver.cuFuncGetAttribute(key, function), f"reading {name}"))

        return Loaded(function, symbol, attribute("NUM_REGS"), attribute("SHARED_SIZE_BYTES"))


def launch_config(api: Api, op: Launch, loaded: Loaded, stream: StreamHandle) -> Any:
    """The ``CUlaunchConfig`` of a launch, with what its function must be allowed first.

    Raises
    ------
    ProgramError
        When the device can't give a block that much shared memory.
    """
    driver = api.driver
    allow(api, op, loaded)
    config = driver.CUlaunchConfig()
    config.gridDimX, config.gridDimY, config.gridDimZ = op.grid
    config.blockDimX, config.blockDimY, config.blockDimZ = op.block
    config.sharedMemBytes = op.dynamic_shared_bytes
    config.hStream = stream.driver
    attributes = launch_attributes(api, op)
    if attributes:
        config.attrs = attributes
    config.numAttrs = len(attributes)
    return config


def allow(api: Api, op: Launch, loaded: Loaded) -> None:
    """Opt in to more than 48 KiB of shared memory, and to clusters of more than 8 blocks."""
    kinds = api.driver.CUfunction_attribute

    def opt_in(name: str, value: int, wanted: str) -> None:
        key = getattr(kinds, f"CU_FUNC_ATTRIBUTE_{name}")
        status = api.driver.cuFuncSetAttribute(loaded.function, key, value)[0]
        if status and int(status) == _INVALID_VALUE:
            raise ProgramError(f"kernel {op.kernel.name!r}: the device does not allow {wanted}")
        api.check((status,), f"kernel {op.kernel.name!r}: allowing {wanted}")

    if op.dynamic_shared_bytes + loaded.static_shared_bytes > _DEFAULT_SHARED_BYTES:
        size = op.dynamic_shared_bytes
        opt_in("MAX_DYNAMIC_SHARED_SIZE_BYTES", size, f"{size:,} bytes of shared memory a block")
    blocks = op.cluster[0] * op.cluster[1] * op.cluster[2]
    if blocks > _PORTABLE_CLUSTER:
        opt_in("NON_PORTABLE_CLUSTER_SIZE_ALLOWED", 1, f"a cluster of {blocks} blocks")


def launch_attributes(api: Api, op: Launch) -> list[Any]:
    """Attributes for ``cuLaunchKernelEx``: PDL, cluster, cooperative. Priority is the stream's."""
    made: list[Any] = []

    def attribute(name: str) -> Any:
        found = api.driver.CUlaunchAttribute()
        found.id = getattr(api.driver.CUlaunchAttributeID, f"CU_LAUNCH_ATTRIBUTE_{name}")
        made.append(found)
        return found.value

    if op.pdl:
        attribute("PROGRAMMATIC_STREAM_SERIALIZATION").programmaticStreamSerializationAllowed = 1
    if op.cluster != (1, 1, 1):
        size = attribute("CLUSTER_DIMENSION").clusterDim
        size.x, size.y, size.z = op.cluster
    if op.cooperative:
        attribute("COOPERATIVE").cooperative = 1
    return made


def check_params(api: Api, op: Launch, loaded: Loaded, params: Params) -> None:
    """Compare a launch's arguments with the parameters that the compiler saw.

    A wrong number or size would make the kernel read past the arguments.

    Raises
    ------
    ProgramError
        Naming the kernel and the argument.
    """
    sizes: list[int] = []
    while len(sizes) <= len(params.sizes):
        status, _, size = api.driver.cuFuncGetParamInfo(loaded.function, len(sizes))
        if status and int(status) != _INVALID_VALUE:
            return  # a driver older than CUDA 12.4 does not know
        if status:
            break
        sizes.append(size)
    if len(sizes) != len(params.sizes):
        raise ProgramError(
            f"kernel {op.kernel.name!r} takes {len(sizes)} parameters, the launch gives "
            f"{len(params.sizes)} (in-kernel stamps included)"
        )
    for index, (wanted, given) in enumerate(zip(sizes, params.sizes, strict=True)):
        if wanted != given:
            raise ProgramError(
                f"kernel {op.kernel.name!r}: parameter {index} has {wanted} bytes, the argument "
                f"{given}; pass a NumPy scalar of its type"
            )
