"""The simulator as a backend."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import timeline
from timeline.backends.base import RunOptions
from timeline.backends.sim.compile import compile_program
from timeline.backends.sim.device_model import DeviceModel
from timeline.backends.sim.devices import load_device
from timeline.backends.sim.emulate import verify
from timeline.backends.sim.plan import Plan
from timeline.backends.sim.simulate import simulate
from timeline.backends.sim.tables import make_tables
from timeline.program import (
    Op,
    Program,
    StreamOp,
    StreamSynchronize,
    Suitor,
    is_host_paced,
    suited,
)
from timeline.program.ops import AllReduce
from timeline.trace import Device, Meta, Trace

__all__ = ["SimBackend"]


class SimBackend:
    """A deterministic discrete-event model of CUDA's stream semantics.

    The same Program with the same options gives the same Trace, byte for byte.

    Parameters
    ----------
    device : str, Path or DeviceModel
        A described device by name (:func:`timeline.backends.sim.devices`), a TOML file, or a model.

    Raises
    ------
    UsageError
        For a device that does not exist, or a file that doesn't describe one.
    """

    name = "sim"

    def __init__(self, device: str | Path | DeviceModel = "h200") -> None:
        self.model = load_device(device)
        self._file = str(device) if not isinstance(device, DeviceModel) else device.name

    def run(self, program: Program, options: RunOptions = RunOptions()) -> Trace:
        """Simulate ``program``.

        Raises
        ------
        ProgramError
            For a launch that the device can't hold, or threads that wait for ever.
        VerificationError
            When an output is not the known answer.
        UnavailableError
            When the described host has too few devices, or they have too little memory.
        """
        major, minor = (int(part) for part in self.model.compute_capability.split("."))
        device = Suitor(self.model.name, (major, minor))
        program, replaced = suited(program, dict.fromkeys(program.devices, device))
        with _collector_paused():
            plan = compile_program(program, self.model)
            gate, warmup = options.gate, options.warmup
            repeats = simulate(plan, repeat=options.repeat, warmup=warmup, gate=gate)
            tables = make_tables(plan, repeats, stamps=options.stamps)
        verified = sum(verify(plan, r) for r in repeats) if options.verify else 0
        meta = Meta(
            source="sim",
            devices=self._devices(plan),
            labels=dict(program.labels),
            repeats=tuple((r.start, r.end) for r in repeats),
            paced=_paced(plan) if options.gate else "host",
            verified=verified,
            provenance={
                "timeline": timeline.__version__,
                "device_file": self._file,
                "device_source": self.model.source,
            },
            notes=(f"Simulated on a model of {self.model.name}, not measured.", *replaced),
        )
        return Trace.from_tables(meta, tables)

    def _devices(self, plan: Plan) -> tuple[Device, ...]:
        m = self.model
        return tuple(
            Device(d, m.name, m.compute_capability, m.sm.count, m.copy.engines, m.memory.bytes)
            for d in plan.program.devices
        )


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No search for cycles meanwhile: millions of small objects live until the end of a run."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _paced(plan: Plan) -> str:
    """Whether the gate could stay closed until everything was in its streams.

    Only the order within a thread is known before the run: "gated" when no thread issues work
    after an operation at which it, or the host, waits or works.
    """
    waits = np.array([op is not None and is_host_paced(op) for op in plan.classes.op])
    enqueues = np.array([_enqueues(op) for op in plan.classes.op])
    for thread in plan.threads:
        waiting = np.nonzero(waits[thread.op_class])[0]
        if len(waiting) and enqueues[thread.op_class[waiting[0] :]].any():
            return "partly"
    return "gated"


def _enqueues(op: Op | None) -> bool:
    return isinstance(op, StreamOp | AllReduce) and not isinstance(op, StreamSynchronize)
