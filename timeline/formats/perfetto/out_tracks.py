"""Tracks of a file: a group for each device, a process for each host process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from timeline.formats.perfetto import schema
from timeline.formats.perfetto.encoding import Message, Part, Varint, encoded, text
from timeline.trace import Meta

__all__ = ["Tracks"]

_INT32 = range(1, 2**31)
_LABELS = {
    "activities": "stream {1}",
    "syncs": "synchronisations of stream {1}",
    "device_ranges": "ranges of stream {1}",
    "collectives": "collectives of stream {1}",
    "allocs": "allocations of stream {1}",
    "stamps": "stamps",
}
_RANKS = {"engines": 0, **{name: place + 1 for place, name in enumerate(_LABELS)}}


class Tracks:
    """Gives each track its number and keeps what describes it.

    Attributes
    ----------
    held : dict of int to list
        Of each track with rows: its table and the two values that its rows share.
    """

    def __init__(self, meta: Meta) -> None:
        self._devices = {device.id: device.name for device in meta.devices}
        self._described: list[list[Part]] = []
        self._numbers: dict[tuple[Any, ...], int] = {}
        self.held: dict[int, list[Any]] = {}

    def packets(self) -> Iterator[bytes]:
        """A packet for each track."""
        for parts in self._described:
            packet = (Varint(schema.SEQUENCE, 1), Message(schema.TRACK, parts))
            yield encoded([Message(schema.PACKET, packet)]).tobytes()

    def of_rows(self, table: str, key: tuple[int, ...], lane: int) -> int:
        """The track of rows of a table that share ``key``; of HOST, a host thread's."""
        whole = (table, *key, lane)
        if whole not in self._numbers:
            number = (
                self._host(key[0], key[1], lane)
                if table == schema.HOST
                else self._of(table, key, lane)
            )
            self._numbers[whole] = number
            self.held[number] = [table, *(None if one == -1 else one for one in key)]
        return self._numbers[whole]

    def of_engine(self, device: int, engine: str) -> int:
        """The track of an engine."""
        group = self._group(device, "engines")
        return self._once(("engine", device, engine), engine, group)

    def of_load(self, device: int) -> int:
        """The counter of busy engines of a device."""
        counter = Message(schema.COUNTER, (Varint(3, 2),))  # unit: a count
        group = self._group(device, "engines")
        return self._once(("load", device), "busy engines", group, counter)

    def of_block(self, device: int, block: int, lane: int) -> int:
        """The track of the kernels around the stamps of a block."""
        rank = Varint(schema.RANK, min(max(block, 0), 2**31 - 1))
        group = self._group(device, "stamps")
        return self._once(("block", device, block, lane), f"block {block}", group, rank)

    def _of(self, table: str, key: tuple[int, ...], lane: int) -> int:
        # Tracks of equal name under one parent are drawn as one, which holds the further lanes.
        group = self.of_block(key[0], key[1], 0) if table == "stamps" else self._device(key[0])
        label = _LABELS[table].format(*("none" if one == -1 else one for one in key))
        rank = Varint(schema.RANK, _RANKS[table] * 10_000 + min(max(key[1], 0), 9_999))
        return self._once((table, *key, lane), label, group, rank)

    def _device(self, device: int) -> int:
        name = "no device" if device == -1 else f"device {device}"
        label = f"{name} {self._devices.get(device, '')}".strip()
        return self._once(("device", device), label, 0, Varint(schema.ORDERING, schema.EXPLICIT))

    def _group(self, device: int, what: str) -> int:
        rank = Varint(schema.RANK, _RANKS[what] * 10_000)
        ordering = Varint(schema.ORDERING, schema.EXPLICIT)
        return self._once((what, device), what, self._device(device), rank, ordering)

    def _host(self, process: int, thread: int, lane: int) -> int:
        if process not in _INT32 or thread not in _INT32:
            label = f"host thread {thread}" if thread != -1 else "host"
            return self._once((schema.HOST, process, thread, lane), label, 0)
        parent = self._process(process)
        if lane:
            first = self.of_rows(schema.HOST, (process, thread), 0)
            return self._once(("beside", process, thread, lane), "overlapping", first)
        ids = (Varint(schema.PID, process), Varint(schema.TID, thread))
        named = (*ids, text(schema.THREAD_NAME, f"thread {thread}"))
        of_thread = Message(schema.OF_THREAD, named)
        return self._once((schema.HOST, process, thread), None, parent, of_thread)

    def _process(self, process: int) -> int:
        label = text(schema.PROCESS_NAME, f"host process {process}")
        described = Message(schema.PROCESS, (Varint(schema.PID, process), label))
        return self._once(("process", process), None, 0, described)

    def _once(self, key: tuple[Any, ...], label: str | None, parent: int, *more: Part) -> int:
        key = ("described", *key)
        if key not in self._numbers:
            number = self._numbers[key] = len(self._described) + 1
            parts: list[Part] = [Varint(schema.UUID, number)]
            if label is not None:
                parts.append(text(schema.NAME, label))
            if parent:
                parts.append(Varint(schema.PARENT, parent))
            self._described.append([*parts, *more])
        return self._numbers[key]
