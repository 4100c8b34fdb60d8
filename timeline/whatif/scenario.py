"""A schedule as its causes: what ran how long, on which engine, and what it waited for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.analysis.execution import HostCalls
from timeline.analysis.work import Work
from timeline.backends.sim.device_model import DeviceModel
from timeline.engines import ENGINES
from timeline.intervals import Int64
from timeline.whatif.lags import Lags
from timeline.whatif.orders import Orders

__all__ = ["Activities", "Calls", "Scenario"]

Bools = npt.NDArray[np.bool_]
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Activities:
    """What the device did; each column of shape (n,).

    Attributes
    ----------
    places : numpy.ndarray of int64
        Which activity of the recorded Work it is, or is a piece of.
    streams : numpy.ndarray of int64
        Number of its stream.
    groups : numpy.ndarray of int64
        Number of the engine that it takes, or -1 when it takes none from others.
    work_ns : numpy.ndarray of float64
        How long it takes with the engine for itself.
    shares : numpy.ndarray of float64
        Part of the engine's room that it takes, 0 to 1.
    loads : numpy.ndarray of float64
        Part of the engine's throughput that it takes, 0 to 1.
    early_ns : numpy.ndarray of float64
        Work that is left when it makes room for the next: the last blocks of a kernel.
    handover_ns : numpy.ndarray of int64
        From when an engine that it had to wait for was free until it started.
    ranks : numpy.ndarray of int64
        Of several that wait for an engine the lowest comes first.
    issued : numpy.ndarray of int64
        The call that issues it, or -1.
    pinned : numpy.ndarray of bool
        Whether it now copies pinned memory where it copied pageable.
    meets : numpy.ndarray of int64
        Number of the collective whose parts on all devices have to have started before any of them
        gets on, or -1.
    """

    places: Int64
    streams: Int64
    groups: Int64
    work_ns: Float64
    shares: Float64
    loads: Float64
    early_ns: Float64
    handover_ns: Int64
    ranks: Int64
    issued: Int64
    pinned: Bools
    meets: Int64

    def __len__(self) -> int:
        return len(self.places)

    def replace(self, **columns: Any) -> Activities:
        """A copy with other columns."""
        return dataclasses.replace(self, **columns)

    def taken(self, places: Int64) -> Activities:
        """Those at ``places``, which may repeat; pieces of a collective meet nobody."""
        names = [field.name for field in dataclasses.fields(self)]
        taken = Activities(**{name: getattr(self, name)[places] for name in names})
        pieces = np.bincount(places)[places] > 1
        return taken.replace(meets=np.where(pieces, -1, taken.meets))


@dataclass(frozen=True, eq=False, slots=True)
class Calls:
    """Calls of the host threads; each column of shape (m,).

    Attributes
    ----------
    names : numpy.ndarray of str
        Of the function.
    threads : numpy.ndarray of int64
        A number for each host thread.
    waits : numpy.ndarray of bool
        Whether the host may wait for the device in it.
    """

    recorded: HostCalls
    names: npt.NDArray[np.str_]
    threads: Int64
    waits: Bools

    def __len__(self) -> int:
        return len(self.names)

    def without_waits(self, calls: Bools) -> Calls:
        """The same where these no longer wait for the device."""
        return dataclasses.replace(self, waits=self.waits & ~calls)


@dataclass(frozen=True, eq=False)
class Scenario:
    """A recorded schedule, lifted; what a fix changes and :func:`.replay.replay` runs.

    Attributes
    ----------
    work : Work
        The recording that it came from.
    activities, calls, orders
        What runs, what the host calls, and what has to wait for what.
    lags : Lags
        What hand-overs take in this recording.
    model : DeviceModel
        The described device, for what the recording does not tell.
    duplex : mapping of int to float
        How many times as long copies of a direction (its group) take while the other one runs.
    gated : bool
        Whether the streams are held until the host has come to the first call that waits.
    unknown : tuple of str
        What the recording does not tell.
    seen_free : bool or None
        Whether kernels were seen to keep their pace beside others; None where it can't be seen.
    """

    work: Work
    activities: Activities
    calls: Calls
    orders: Orders
    lags: Lags
    model: DeviceModel
    duplex: Mapping[int, float]
    gated: bool
    unknown: tuple[str, ...] = ()
    seen_free: bool | None = None

    def replace(self, **changes: Any) -> Scenario:
        """A copy with other fields."""
        return dataclasses.replace(self, **changes)

    @property
    def origin(self) -> int:
        """The point that stands for the start of the window."""
        return 2 * (len(self.activities) + len(self.calls))

    @property
    def gate(self) -> int:
        """The point at which the streams are let go."""
        return self.origin + 1

    @property
    def call_nodes(self) -> Int64:
        """Numbers of the calls among activities and calls; shape (m,)."""
        return np.arange(len(self.calls)) + len(self.activities)

    @property
    def devices(self) -> Int64:
        """Device of each activity; all alike in a recording of one. Shape (n,)."""
        return np.asarray(self.column("device") if self.work.beside else 0 * self.activities.places)

    def column(self, name: str) -> npt.NDArray[Any]:
        """A column of ``trace.activities`` for each activity; shape (n,)."""
        return np.asarray(self.work.column(name)[self.activities.places])

    def names(self, column: str) -> npt.NDArray[np.str_]:
        """A dictionary column as text, "" where null; shape (n,)."""
        words = np.array([*self.work.trace.names("activities", column), ""])
        return np.asarray(words[self.column(column)])

    def on(self, *engines: str) -> Bools:
        """Whether each activity runs on one of these engines; shape (n,)."""
        codes = [ENGINES.index(engine) for engine in engines]
        return np.isin(self.work.engine_codes[self.activities.places], codes)
