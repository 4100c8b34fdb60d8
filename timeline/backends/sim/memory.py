"""Device memory: the stream-ordered pool of a device, and how full the device is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from timeline.backends.sim.costs import along
from timeline.backends.sim.device_model import DeviceModel
from timeline.errors import DeviceMemoryError, ProgramError

__all__ = ["DeviceMemory", "Pool"]


@dataclass(slots=True)
class Piece:
    """A stretch of a pool that is free, or will be when ``node`` has ended.

    Attributes
    ----------
    stream, order : int
        Where it was freed: the stream's index, and the free's place in the order of issue.
    node : int
        The free; 0 when it has long ended.
    """

    offset: int
    bytes: int
    stream: int = 0
    order: int = 0
    node: int = 0


class DeviceMemory:
    """How much of one device's memory is taken."""

    def __init__(self, model: DeviceModel, device: int, taken: int) -> None:
        self._model, self._device, self._taken = model, device, 0
        self.take(taken, "the Program's buffers")

    def take(self, nbytes: int, what: str) -> None:
        """Take memory.

        Raises
        ------
        DeviceMemoryError
            When there is not so much left.
        """
        limit = self._model.memory.bytes
        if self._taken + nbytes > limit:
            raise DeviceMemoryError(
                f"device {self._device}: {what} of {nbytes} bytes; {limit - self._taken} of "
                f"{limit} are free: use smaller or fewer buffers"
            )
        self._taken += nbytes

    def give(self, nbytes: int) -> None:
        """Give memory back."""
        self._taken -= nbytes


class Pool:
    """The default pool of ``cudaMallocAsync``: reuse first, then growth by whole chunks.

    It reuses what the same stream freed, what it is ordered behind by events, and what has ended
    (opportunistic reuse), as cudaMemPoolReuseFollowEventDependencies and
    cudaMemPoolReuseAllowOpportunistic do by default.
    """

    def __init__(self, model: DeviceModel, memory: DeviceMemory) -> None:
        self._costs, self._memory = model.pool, memory
        self._chunks: dict[int, int] = {}  # offset: bytes
        self._next = 0
        self._free: list[Piece] = []
        self._live: dict[int, tuple[int, int]] = {}  # buffer: offset, bytes
        self.used = 0
        self.threshold = 0

    @property
    def reserved(self) -> int:
        """Bytes taken from the operating system."""
        return sum(self._chunks.values())

    def allocate(
        self, buffer: int, nbytes: int, stream: int, usable: Callable[[Piece], bool]
    ) -> tuple[int, int]:
        """Give ``buffer`` room; returns its offset and the host's time to grow the pool, ns."""
        if buffer in self._live:
            raise ProgramError(f"cudaMallocAsync of buffer {buffer}, which is allocated already")
        nbytes = -(-nbytes // self._costs.unit_bytes) * self._costs.unit_bytes
        fits = [p for p in self._free if p.bytes >= nbytes]
        own = [p for p in fits if p.stream == stream and p.node]
        found = own or [p for p in fits if usable(p)]
        grown = 0
        if not found:
            grown = -(-nbytes // self._costs.chunk_bytes) * self._costs.chunk_bytes
            found = [self._grow(grown)]
        best = min(found, key=lambda p: (p.bytes, p.offset))
        offset = best.offset
        best.offset += nbytes
        best.bytes -= nbytes
        if not best.bytes:
            self._free.remove(best)
        self._live[buffer] = (offset, nbytes)
        self.used += nbytes
        return offset, round(along(self._costs.grow_ns, grown)) if grown else 0

    def _grow(self, nbytes: int) -> Piece:
        self._memory.take(nbytes, "growth of the memory pool")
        piece = Piece(self._next, nbytes)
        self._chunks[self._next] = nbytes
        self._next += nbytes
        self._free.append(piece)
        return piece

    def release(self, buffer: int, stream: int, order: int, node: int) -> int:
        """Take ``buffer``'s room back, in stream order; returns its offset."""
        if buffer not in self._live:
            raise ProgramError(f"cudaFreeAsync of buffer {buffer}, which is not allocated")
        offset, nbytes = self._live.pop(buffer)
        self.used -= nbytes
        self._free.append(Piece(offset, nbytes, stream, order, node))
        self._merge(lambda a, b: (a.stream, a.node and 1) == (b.stream, b.node and 1))
        return offset

    def _merge(self, alike: Callable[[Piece, Piece], bool]) -> None:
        """Join neighbours of one chunk that became free in the same way; the later free counts."""
        pieces = sorted(self._free, key=lambda p: p.offset)
        merged = pieces[:1]
        for piece in pieces[1:]:
            last = merged[-1]
            touching = last.offset + last.bytes == piece.offset and piece.offset not in self._chunks
            if touching and alike(last, piece):
                last.bytes += piece.bytes
                if piece.order > last.order:
                    last.order, last.node = piece.order, piece.node
            else:
                merged.append(piece)
        self._free = merged

    def trim(self, ended: Callable[[int], bool]) -> int:
        """Give whole free chunks above the threshold back; returns the host's time, ns."""
        for piece in self._free:
            if piece.node and ended(piece.node):
                piece.stream = piece.order = piece.node = 0
        self._merge(lambda a, b: not a.node and not b.node)
        given = 0
        for piece in [p for p in self._free if not p.node]:
            if self.reserved <= self.threshold:
                break
            if self._chunks.get(piece.offset) == piece.bytes:
                del self._chunks[piece.offset]
                self._free.remove(piece)
                given += piece.bytes
        self._memory.give(given)
        return round(along(self._costs.release_ns, given)) if given else 0
