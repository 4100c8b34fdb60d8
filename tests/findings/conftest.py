"""Small Programs on the simulated H200, and what is found in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from timeline.backends import RunOptions
from timeline.backends.sim import SimBackend
from timeline.backends.sim.devices import load_device
from timeline.findings import Diagnosis, diagnose
from timeline.program import Buffer, Builder, Kernel, Span, Stream, Work
from timeline.trace import Trace

US = 1_000
MIB = 1 << 20
FULL = 132 * 8
"""Blocks of 256 threads that an H200 holds."""


@dataclass
class Lab:
    """A Program in the making."""

    b: Builder = field(default_factory=lambda: Builder("lab"))

    def kernel(
        self, name: str, stream: Stream, us: float, *, grid: int = FULL, **launch: Any
    ) -> None:
        work = Work(
            block_ns=us * US,
            trigger_ns=launch.pop("trigger_ns", None),
            prologue_ns=launch.pop("prologue_ns", 0.0),
            dram_bytes=launch.pop("dram_bytes", 0.0),
        )
        kernel = Kernel(name, "spin.cu", "spin", registers=16)
        self.b.launch(kernel, stream, grid=grid, block=256, work=work, **launch)

    def copy_in(
        self, stream: Stream, mib: float, *, pinned: bool = True, blocking: bool = False
    ) -> Buffer:
        """A copy into a device buffer of its own."""
        count = len(self.b.build().buffers)
        size = int(mib * MIB)
        host = self.b.host(f"from {count}", size, pinned=pinned)
        device = self.b.device(f"in {count}", size)
        self.b.memcpy(device, host, stream, blocking=blocking)
        return device

    def copy_out(self, stream: Stream, source: Buffer | Span, *, pinned: bool = True) -> None:
        count = len(self.b.build().buffers)
        home = self.b.host(f"home {count}", source.bytes, pinned=pinned)
        self.b.memcpy(home, source, stream)

    def run(self, repeat: int = 1, **switches: Any) -> Trace:
        model = load_device("h200")
        if switches:
            model = model.replace(**switches)
        options = RunOptions(repeat=repeat, verify=False)
        return SimBackend(model).run(self.b.build(), options)


@pytest.fixture
def lab() -> Lab:
    return Lab()


@pytest.fixture
def other_lab() -> Lab:
    """For the fixed twin."""
    return Lab()


@pytest.fixture(scope="session")
def codes() -> Callable[[Trace], list[str]]:
    """Codes of the findings of a trace, by cost."""
    return lambda trace: [found.code for found in diagnose(trace).findings]


@pytest.fixture(scope="session")
def unknown() -> Callable[[Diagnosis], dict[str, str]]:
    return lambda found: {note.code: note.text for note in found.unknown}
