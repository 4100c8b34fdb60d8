"""Which queue a copy stands in: the copy engines of each device, and the host's own."""

from __future__ import annotations

from timeline.program import CopyKind

__all__ = ["EngineQueues"]


class EngineQueues:
    """Numbers the engine queues; queue 0 stands for none.

    With one copy engine both directions share its queue; with two each has its own, and peer
    copies leave through that of the device-to-host direction; with three they have their own too.
    """

    def __init__(self, copy_engines: int, devices: int) -> None:
        self._engines = copy_engines
        self.host = 1
        """Copies from host to host"""
        self.host_func = 2
        """Host functions: one driver thread"""
        self.count = 2 + 3 * devices
        self.opposite = [0] * (self.count + 1)
        if copy_engines > 1:
            for device in range(devices):
                h2d, d2h = self._first(device), self._first(device) + 1
                self.opposite[h2d], self.opposite[d2h] = d2h, h2d

    def _first(self, device: int) -> int:
        return 3 + 3 * device

    def queue(self, kind: CopyKind, device: int) -> int:
        """Queue of a copy; ``device`` is the source of a peer copy."""
        first = self._first(device)
        if kind is CopyKind.HTOH:
            return self.host
        if self._engines <= 1 or kind is CopyKind.HTOD:
            return first
        return first + 2 if kind is CopyKind.PTOP and self._engines > 2 else first + 1
