"""In-kernel stamps: memory for them, and their way into the trace.

A kernel with ``stamp_roles`` takes ``Stamp* stamps`` as its last parameter
(``kernels/common.cuh``). Each role of a block has ``stamp_tiles`` slots, from
``(block * roles + role) * slots`` on, and where that is more than one, another for the number of
its spans. What it leaves zero was not written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from timeline.backends.cuda.api import Api
from timeline.program import Launch

__all__ = ["STAMP", "Region", "Stamped", "Stamps", "region_bytes", "stamps_in"]

STAMP = np.dtype(
    [
        ("start", np.uint64),
        ("end", np.uint64),
        ("sm", np.uint32),
        ("block", np.uint32),
        ("role", np.uint32),
        ("tile", np.uint32),
    ]
)
"""``struct Stamp`` of ``kernels/common.cuh``."""

LIMIT_BYTES = 256 << 20
"""Most memory for stamps on a device; launches beyond it write none."""


@dataclass(frozen=True, slots=True)
class Region:
    """Where one launch writes.

    Attributes
    ----------
    stream : int
        Id of its stream in the trace.
    symbol : str
        Function name that the collector reports.
    graph : bool
        Whether it is a node of a graph, which each replay writes anew.
    """

    op: Launch
    stream: int
    symbol: str
    graph: bool
    offset: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Stamped:
    """The stamps of one launch in one repeat, as the kernel wrote them (``%globaltimer``, ns).

    Attributes
    ----------
    left_out : int
        Spans for which the kernel had no slots.
    """

    region: Region
    repeat: int
    stamps: npt.NDArray[np.void]
    left_out: int = 0


def region_bytes(op: Launch) -> int:
    """Bytes that a launch's stamps take; 0 when its kernel writes none."""
    kernel = op.kernel
    slots = kernel.stamp_tiles + (kernel.stamp_tiles > 1)
    return kernel.stamped_blocks(op.blocks) * len(kernel.stamp_roles) * slots * STAMP.itemsize


def stamps_in(region: Region, repeat: int, raw: npt.NDArray[np.uint8]) -> Stamped:
    """What a launch wrote into its region."""
    slots, tiles = raw.view(STAMP), region.op.kernel.stamp_tiles
    counted = slots["end"][slots["start"] == 0].astype(np.int64)
    left_out = int(np.maximum(counted - tiles, 0).sum())
    return Stamped(region, repeat, slots[slots["start"] != 0], left_out)


class Stamps:
    """One block of memory a device, a region a launch: zeroed before each repeat, read after.

    Attributes
    ----------
    refused : int
        Launches that got no region, because all would have taken more than :data:`LIMIT_BYTES`.
    """

    def __init__(self, api: Api, launches: Iterable[Launch], *, wanted: bool) -> None:
        self._api = api
        self._base: dict[int, int] = {}
        self._used: dict[int, int] = {}
        self._regions: list[Region] = []
        self._room: dict[int, int] = {}
        self.found: list[Stamped] = []
        self.refused = 0
        for op in launches if wanted else ():
            if op.kernel.stamp_roles:
                device = op.stream.device
                room = self._room.get(device, 0) + region_bytes(op)
                self._room[device] = min(room, LIMIT_BYTES)

    def allocate(self) -> None:
        """Allocate the memory."""
        for device, room in self._room.items():
            self._api.check(self._api.runtime.cudaSetDevice(device), "cudaSetDevice")
            result = self._api.runtime.cudaMalloc(room)
            self._base[device] = int(self._api.check(result, "allocating stamps"))
            self._used[device] = 0

    def claim(self, op: Launch, stream: int, symbol: str, *, graph: bool) -> int:
        """Give a launch a region; its device address, or 0 when it is to write none."""
        device, size = op.stream.device, region_bytes(op)
        if device not in self._base or not size:
            return 0
        offset = self._used[device]
        if offset + size > self._room[device]:
            self.refused += 1
            return 0
        self._used[device] = offset + size
        self._regions.append(Region(op, stream, symbol, graph, offset, size))
        return self._base[device] + offset

    @property
    def any(self) -> bool:
        """Whether a launch writes stamps."""
        return bool(self._regions)

    def clear(self) -> None:
        """Zero them. The device must be idle."""
        for device, base in self._base.items():
            self._api.check(self._api.runtime.cudaSetDevice(device), "cudaSetDevice")
            result = self._api.runtime.cudaMemset(base, 0, self._room[device])
            self._api.check(result, "clearing stamps")

    def read(self, repeat: int) -> None:
        """Keep what the launches wrote in this repeat. The device must be idle."""
        copies = {device: self._copy(device) for device in self._base}
        for region in self._regions:
            whole = copies[region.op.stream.device]
            part = whole[region.offset : region.offset + region.bytes]
            self.found.append(stamps_in(region, repeat, part))

    def _copy(self, device: int) -> npt.NDArray[np.uint8]:
        copy = np.empty(self._room[device], np.uint8)
        kind = self._api.runtime.cudaMemcpyKind.cudaMemcpyDeviceToHost
        result = self._api.runtime.cudaMemcpy(
            copy.ctypes.data, self._base[device], copy.nbytes, kind
        )
        self._api.check(result, "reading stamps")
        return copy

    def release(self) -> None:
        """Free the memory; errors are ignored, as the context may be lost."""
        for base in self._base.values():
            self._api.runtime.cudaFree(base)
        self._base.clear()
