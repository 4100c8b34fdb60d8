"""The default memory pools: a run starts with them empty and leaves them as they were."""

from __future__ import annotations

from typing import Any

from timeline.backends.cuda.api import Api
from timeline.program import MallocAsync, Program, SetReleaseThreshold

__all__ = ["Pools"]


class Pools:
    """Default pools of the devices on which a Program allocates in stream order."""

    def __init__(self, api: Api, program: Program) -> None:
        self._api = api
        ops = [*program.ops(), *(op for graph in program.graphs for op in graph.ops)]
        devices = {op.span.buffer.device for op in ops if isinstance(op, MallocAsync)}
        devices |= {op.device for op in ops if isinstance(op, SetReleaseThreshold)}
        self._devices = sorted(devices)
        self._thresholds: dict[int, tuple[Any, Any]] = {}

    def empty(self) -> None:
        """Give what the pools hold back to the device, and remember their release thresholds."""
        runtime, check = self._api.runtime, self._api.check
        key = runtime.cudaMemPoolAttr.cudaMemPoolAttrReleaseThreshold
        for device in self._devices:
            found = runtime.cudaDeviceGetDefaultMemPool(device)
            pool = check(found, "cudaDeviceGetDefaultMemPool")
            check(runtime.cudaMemPoolTrimTo(pool, 0), "cudaMemPoolTrimTo")
            threshold = check(runtime.cudaMemPoolGetAttribute(pool, key), "cudaMemPoolGetAttribute")
            self._thresholds[device] = (pool, threshold)

    def release(self) -> None:
        """Empty the pools, with their thresholds as before; errors are ignored."""
        runtime = self._api.runtime
        key = runtime.cudaMemPoolAttr.cudaMemPoolAttrReleaseThreshold
        for pool, threshold in self._thresholds.values():
            value = self._api.driver.cuuint64_t(int(threshold))
            runtime.cudaMemPoolSetAttribute(pool, key, value)
            runtime.cudaMemPoolTrimTo(pool, 0)
        self._thresholds.clear()
