"""The tiny device, and short ways to run Programs on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from timeline.backends.base import RunOptions
from timeline.backends.sim import DeviceModel, SimBackend, load_device
from timeline.program import Builder, Kernel, Program, Stream, Work
from timeline.trace import Trace

Span = tuple[int, int]


@dataclass
class Sim:
    """A simulated device: changes to it, runs on it, and spans by name."""

    model: DeviceModel

    def with_(self, **sections: Any) -> Sim:
        return Sim(self.model.replace(**sections))

    def run(self, program: Program | Builder, **options: Any) -> Trace:
        built = program.build() if isinstance(program, Builder) else program
        return SimBackend(self.model).run(built, RunOptions(**{"warmup": 0, **options}))

    def spans(self, program: Program | Builder, **options: Any) -> dict[str, Span]:
        """(start, end) by the activity's name; copies by direction."""
        found = {}
        for row in self.run(program, **options).activities.to_pylist():
            found[row["copy_kind"] or row["name"]] = (row["start"], row["end"])
        return found

    @staticmethod
    def launch(b: Builder, name: str, stream: Stream, ns: float = 0, **more: Any) -> None:
        """A kernel of ``grid`` blocks (default 1) that take ``ns`` each, one an SM by default."""
        values = {
            "grid": 1, "block": 1024, "registers": 0, "shared": 0, "roles": (), "tiles": 1,
            "stamped": 0, **more,
        }  # fmt: skip
        kernel = Kernel(
            name, "spin.cu", "spin", values.pop("registers"), values.pop("shared"),
            stamp_roles=values.pop("roles"), stamp_tiles=values.pop("tiles"),
            stamp_blocks=values.pop("stamped"),
        )  # fmt: skip
        work = Work(
            ns,
            values.pop("flops", 0.0),
            values.pop("dram", 0.0),
            values.pop("trigger", None),
            values.pop("prologue", 0.0),
            values.pop("pipeline", None),
            values.pop("tensor", 0.0),
            values.pop("l2", 0.0),
        )
        b.launch(kernel, stream, work=work, **values)


@pytest.fixture
def sim() -> Sim:
    """The tiny device."""
    return Sim(load_device(Path(__file__).with_name("tiny.toml")))
