"""The streams and events of a Program as CUDA handles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from timeline.backends.cuda.api import Api
from timeline.program import Program, Stream, StreamKind

__all__ = ["Handles", "StreamHandle"]

_LEGACY, _PER_THREAD = 1, 2  # cudaStreamLegacy, cudaStreamPerThread
_NON_BLOCKING = 1
_DISABLE_TIMING = 2


@dataclass(frozen=True, slots=True)
class StreamHandle:
    """One stream, in the type of either API.

    Calls take these objects rather than numbers: cuda-bindings would wrap a number every time.
    """

    runtime: Any
    driver: Any

    @property
    def address(self) -> int:
        """The handle as a number."""
        return int(self.driver)


class Handles:
    """Streams and events by the Program's ids.

    Attributes
    ----------
    notes : list of str
        Priorities that a device does not have, a sentence each.
    """

    def __init__(self, api: Api, program: Program) -> None:
        self._api = api
        self._program = program
        self._created: list[Any] = []
        self.streams: dict[int, StreamHandle] = {}
        self.events: dict[int, Any] = {}
        self.notes: list[str] = []

    def create(self) -> None:
        """Create them, each on its device."""
        runtime, check = self._api.runtime, self._api.check
        for stream in self._program.streams:
            check(runtime.cudaSetDevice(stream.device), "cudaSetDevice")
            self.streams[stream.id] = self._stream(stream)
        for event in self._program.events:
            check(runtime.cudaSetDevice(event.device), "cudaSetDevice")
            flags = 0 if event.timing else _DISABLE_TIMING
            made = check(runtime.cudaEventCreateWithFlags(flags), f"creating event {event.name!r}")
            self.events[event.id] = made

    def _stream(self, stream: Stream) -> StreamHandle:
        if stream.kind is StreamKind.LEGACY:
            return self.wrap(_LEGACY)
        if stream.kind is StreamKind.PER_THREAD:
            return self.wrap(_PER_THREAD)
        if stream.priority:
            self._note_priority(stream)
        flags = _NON_BLOCKING if stream.kind is StreamKind.NON_BLOCKING else 0
        result = self._api.runtime.cudaStreamCreateWithPriority(flags, stream.priority)
        made = self._api.check(result, f"creating stream {stream.name!r}")
        self._created.append(made)
        return self.wrap(int(made))

    def _note_priority(self, stream: Stream) -> None:
        """CUDA takes any number, and without a word the nearest priority that there is."""
        status, least, greatest = self._api.runtime.cudaDeviceGetStreamPriorityRange()
        if not status and not greatest <= stream.priority <= least:
            nearest = min(max(stream.priority, greatest), least)
            self.notes.append(
                f"Device {stream.device} has stream priorities from {greatest} to {least}: stream "
                f"{stream.name!r}, which asked for {stream.priority}, ran with {nearest}."
            )

    def wrap(self, handle: int) -> StreamHandle:
        """The objects of a handle."""
        return StreamHandle(
            self._api.runtime.cudaStream_t(handle), self._api.driver.CUstream(handle)
        )

    def release(self) -> None:
        """Destroy them; errors are ignored, as the context may be lost."""
        for event in self.events.values():
            self._api.runtime.cudaEventDestroy(event)
        for stream in self._created:
            self._api.runtime.cudaStreamDestroy(stream)
        self._created.clear()
        self.events.clear()
        self.streams.clear()
