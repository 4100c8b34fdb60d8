"""Where a trace was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from timeline.trace import Trace

__all__ = ["Origin", "gpus", "origin_of"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Devices, versions and day; what is not known is empty."""

    device: str
    driver: str
    cuda: str
    date: str

    def __str__(self) -> str:
        driver = f"driver {self.driver}" if self.driver else ""
        cuda = f"CUDA {self.cuda}" if self.cuda else ""
        return ", ".join(filter(None, (self.device, driver, cuda, self.date)))


def origin_of(trace: Trace) -> Origin:
    """Where a trace was recorded."""
    known = trace.meta.provenance
    state: Mapping[str, Any] = next(iter(known.get("device_state", {}).values()), {})
    return Origin(
        gpus(trace),
        str(known.get("driver") or state.get("before", {}).get("driver") or ""),
        str(known.get("cuda_driver") or ""),
        str(known.get("date", ""))[:10],
    )


def gpus(trace: Trace) -> str:
    """Names of its devices; several of one name are counted: ``2 × NVIDIA H200``."""
    names = [device.name for device in trace.meta.devices]
    count = {name: names.count(name) for name in names}
    return " and ".join(name if n == 1 else f"{n} × {name}" for name, n in count.items())
