"""Holding all streams of a Program before a repeat, and letting them go at the right moment."""

from __future__ import annotations

from typing import Any

from timeline.backends.cuda.gate import Gate
from timeline.backends.cuda.gate_plan import QUEUE_LIMIT, GatePlan, plan_gate
from timeline.backends.cuda.stage import Issue, Stage
from timeline.program import HostBarrier, Stream, StreamKind

__all__ = ["Gatekeeper"]

_MAPPED = 0x01 | 0x02  # cudaHostAllocPortable | cudaHostAllocMapped
_BYTES = 64
_LEGACY = 1


class Gatekeeper:
    """The gate of a run, if it has one.

    Attributes
    ----------
    plan : GatePlan
        Where each host thread is done.
    active : bool
        Whether the repeat that is being issued is held.
    """

    def __init__(self, stage: Stage, *, wanted: bool) -> None:
        self._stage = stage
        self._api = stage.api
        self.plan: GatePlan = plan_gate(stage.program)
        self._wanted = wanted and self.plan.paced != "host"
        self._gate: Gate | None = None
        self._address = 0
        self._refused = ""
        self.active = False

    def build(self) -> None:
        """Allocate the gate and try it; where CUDA refuses it, the Program runs without."""
        if not self._wanted:
            return
        result = self._api.runtime.cudaHostAlloc(_BYTES, _MAPPED)
        self._address = int(self._api.check(result, "allocating the gate"))
        gate = Gate(self._api, self._address)
        gate.arm(1)
        refused = [
            status
            for device in self._stage.program.devices
            if (status := self._tried(gate, device))
        ]
        gate.open()
        if refused:
            self._refused = getattr(refused[0], "name", str(refused[0]))
        else:
            self._gate = gate

    def _tried(self, gate: Gate, device: int) -> Any:
        """The status of holding the legacy default stream of a device."""
        self._api.check(self._api.runtime.cudaSetDevice(device), "cudaSetDevice")
        return gate.try_hold(self._api.driver.CUstream(_LEGACY))

    def close(self, *, gated: bool) -> None:
        """Before a repeat: hold every stream that all threads can name, if it is to be gated."""
        self.active = gated and self._gate is not None
        if self._gate is None or not self.active:
            return
        self._gate.arm(len(self._stage.program.threads))
        # Default streams first: later waits of blocking streams then queue behind theirs.
        for stream in sorted(self._stage.ids.shared(), key=lambda s: s.kind != StreamKind.LEGACY):
            self._hold(stream)

    def hold_own(self, thread: int) -> None:
        """On a host thread, before a repeat: hold the default stream that is its own."""
        for stream in self._stage.ids.own(thread) if self.active else ():
            self._hold(stream)

    def _hold(self, stream: Stream) -> None:
        assert self._gate is not None
        self._api.check(self._api.runtime.cudaSetDevice(stream.device), "cudaSetDevice")
        self._gate.hold(self._stage.handles.streams[stream.id].driver)

    def watch(self) -> None:
        """From now on, the gate does not stay closed for ever."""
        if self._gate is not None and self.active:
            self._gate.watch()

    def arrival(self, thread: int) -> Issue:
        """What host thread ``thread`` does when it comes to where it is done."""
        ops, stop = self._stage.program.threads[thread].ops, self.plan.arrivals[thread]
        # At a barrier the others may still have to arrive there; it waits by itself.
        wait = stop < len(ops) and not isinstance(ops[stop], HostBarrier)

        def arrive() -> None:
            if self._gate is not None and self.active:
                self._gate.arrive(wait=wait)

        return arrive

    def open(self) -> None:
        """Let everything run, whatever happened."""
        if self._gate is not None:
            self._gate.open()

    def forget(self) -> None:
        """Forget what happened while warming up."""
        if self._gate is not None:
            self._gate.forced = False

    @property
    def paced(self) -> str:
        """``meta.paced`` of the repeats."""
        if self._gate is None:
            return "host"
        return "partly" if self._gate.forced else self.plan.paced

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader of the trace must know."""
        if self._refused:
            return (f"The gate was refused ({self._refused}): a late host shows in the times.",)
        if self._gate is None:
            return ()
        if self._gate.forced:
            return (
                "The gate had to be opened by its watchdog, as the host waited for a device that "
                "was held; repeats in which that happened are not to be trusted.",
            )
        if self.plan.queue_full:
            return (
                f"The gate was opened after {QUEUE_LIMIT} operations in a stream, before the "
                "launch queue was full.",
            )
        return ()

    def release(self) -> None:
        """Free the gate; errors are ignored, as the context may be lost."""
        self._gate = None
        if self._address:
            self._api.runtime.cudaFreeHost(self._address)
            self._address = 0
