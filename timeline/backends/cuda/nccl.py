"""``ncclAllReduce`` over the devices of a Program."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from timeline.backends.cuda.nccl_library import Nccl, load_nccl

__all__ = ["Communicators"]


class Communicators:
    """One NCCL communicator a device, made when the first all-reduce over it is prepared."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, ...], list[int]] = {}

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
            Without NCCL.
        UnavailableError
            When NCCL can't connect the devices; the prepared call, when it can't enqueue.
        """
        nccl = load_nccl()
        members = self._communicators(nccl, tuple(devices))

        def issue() -> None:
            nccl.all_reduce(members, addresses(), count, streams)

        return issue

    def _communicators(self, nccl: Nccl, devices: tuple[int, ...]) -> list[int]:
        if devices not in self._made:
            self._made[devices] = nccl.init_all(devices)
        return self._made[devices]

    def release(self) -> None:
        """Destroy the communicators."""
        for members in self._made.values():
            for member in members:
                load_nccl().destroy(member)
        self._made.clear()
