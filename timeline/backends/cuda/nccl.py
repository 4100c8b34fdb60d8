"""``ncclAllReduce`` over the devices of a Program, through CuPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from timeline.backends.cuda.api import Api
from timeline.errors import MissingExtraError, ProgramError

__all__ = ["Communicators"]


class Communicators:
    """One NCCL communicator a device, made on first use for each set of devices."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._made: dict[tuple[int, ...], list[Any]] = {}

    def all_reduce(
        self,
        devices: Sequence[int],
        addresses: Callable[[], Sequence[int]],
        count: int,
        streams: Sequence[int],
    ) -> Callable[[], None]:
        """Prepare an in-place float32 sum of ``count`` elements, one buffer and stream a device.

        Raises
        ------
        MissingExtraError
            Without CuPy or NCCL.
        """
        nccl = _nccl()
        members = self._communicators(nccl, tuple(devices))
        runtime, check = self._api.runtime, self._api.check

        def issue() -> None:
            nccl.groupStart()
            try:
                each = zip(devices, members, addresses(), streams, strict=True)
                for device, member, address, stream in each:
                    check(runtime.cudaSetDevice(device), "cudaSetDevice")
                    member.allReduce(
                        address, address, count, nccl.NCCL_FLOAT32, nccl.NCCL_SUM, stream
                    )
            finally:
                nccl.groupEnd()

        def guarded() -> None:
            try:
                issue()
            except nccl.NcclError as error:
                raise ProgramError(f"ncclAllReduce: {error}") from None

        return guarded

    def _communicators(self, nccl: Any, devices: tuple[int, ...]) -> list[Any]:
        if devices not in self._made:
            self._made[devices] = list(nccl.NcclCommunicator.initAll(list(devices)))
        return self._made[devices]

    def release(self) -> None:
        """Destroy the communicators."""
        for members in self._made.values():
            for member in members:
                member.destroy()
        self._made.clear()


def _nccl() -> Any:
    try:
        from cupy.cuda import nccl
    except ImportError:
        raise MissingExtraError("CuPy with NCCL (nvidia-nccl)", "cuda13") from None
    if not nccl.available:
        raise MissingExtraError("NCCL (nvidia-nccl)", "cuda13")
    return nccl
