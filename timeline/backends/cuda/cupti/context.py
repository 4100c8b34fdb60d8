"""What the records of calls, contexts, streams and devices tell about other records."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pyarrow as pa

from timeline.backends.cuda.cupti.fields import Array, Records, distinct, known, looked_up, unsigned
from timeline.backends.cuda.cupti.kinds import STREAM_KINDS, ActivityKind
from timeline.backends.cuda.cupti.names import Strings
from timeline.trace import Device, table

__all__ = ["Callers", "Contexts"]


class Callers:
    """Span and thread of the call behind a correlation.

    Parameters
    ----------
    records : list of structured arrays
        Records of runtime and driver calls.
    """

    def __init__(self, records: list[Records]) -> None:
        self._records = records

    def of(self, correlation: Array) -> tuple[Array, Array, Array]:
        """Thread, start and end of each correlation's call; -1 where it is not known.

        Calls are many and those asked for few, so only the latter's are looked at.
        """
        asked = [
            r.where(looked_up(correlation, unsigned(r, "correlationId"))[1]) for r in self._records
        ]
        if not sum(len(r) for r in asked):
            nothing = np.full(len(correlation), -1, np.int64)
            return nothing, nothing, nothing
        keys, threads = (
            np.concatenate([unsigned(r, field) for r in asked])
            for field in ("correlationId", "threadId")
        )
        starts, ends = (np.concatenate([r[field] for r in asked]) for field in ("start", "end"))
        index, found = looked_up(keys, correlation)
        thread, start, end = (
            np.where(found, values[index], -1) for values in (threads, starts, ends)
        )
        return thread, start, end


class Contexts:
    """Devices, contexts and streams seen so far."""

    def __init__(self, names: Strings) -> None:
        self._names = names
        self._device_of: dict[int, int] = {}
        self._streams: dict[tuple[int, int], tuple[str, int]] = {}
        self._devices: dict[int, Device] = {}

    def read(self, kind: int, records: Records) -> None:
        """Take in records of one kind."""
        reader = {
            ActivityKind.DEVICE: self._read_device,
            ActivityKind.CONTEXT: self._read_context,
            ActivityKind.STREAM: self._read_stream,
        }[ActivityKind(kind)]
        for record in records.rows():
            reader(record)

    def _read_device(self, record: Any) -> None:
        number = int(record["id"])
        self._devices[number] = Device(
            number,
            self._names.at(int(record["name"])) or f"GPU {number}",
            f"{int(record['computeCapabilityMajor'])}.{int(record['computeCapabilityMinor'])}",
            int(record["numMultiprocessors"]),
            int(record["numMemcpyEngines"]),
            int(record["globalMemorySize"]),
        )

    def _read_context(self, record: Any) -> None:
        context = int(record["contextId"])
        self._device_of[context] = int(record["deviceId"])
        self._streams[context, int(record["nullStreamId"])] = ("legacy", 0)

    def _read_stream(self, record: Any) -> None:
        flag = int(record["flag"])
        kind = STREAM_KINDS[flag] if 0 <= flag < len(STREAM_KINDS) else None
        key = int(record["contextId"]), int(record["streamId"])
        if kind and self._streams.get(key, ("", 0))[0] != "legacy":
            self._streams[key] = (kind, int(record["priority"]))

    @property
    def devices(self) -> tuple[Device, ...]:
        """Devices by id."""
        return tuple(self._devices[number] for number in sorted(self._devices))

    def device_of(self, context: Array) -> Array:
        """Device of each context; -1 where it is not known."""
        found = distinct(context)
        devices = [self._device_of.get(number, -1) for number in found.tolist()]
        return np.array(devices, np.int32)[np.searchsorted(found, context)]

    def streams(self) -> pa.Table:
        """The ``streams`` table."""
        rows = sorted(self._streams.items())
        kinds = [kind for _, (kind, _) in rows]
        context = np.array([key[0] for key, _ in rows], np.int64)
        device = self.device_of(context)
        return table(
            "streams",
            {
                "device": known(device),
                "context": context,
                "stream": np.array([key[1] for key, _ in rows], np.int64),
                "kind": (
                    np.array([STREAM_KINDS.index(kind) - 1 for kind in kinds], np.int32),
                    STREAM_KINDS[1:],
                ),
                "priority": np.array([priority for _, (_, priority) in rows], np.int32),
                "process": np.full(len(rows), os.getpid(), np.int64),
            },
            len(rows),
        )
