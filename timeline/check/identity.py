"""What must be the same in two traces for their figures to be comparable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from timeline.errors import UsageError
from timeline.trace import Trace

__all__ = ["Identity", "identity_of"]

Json = Any


@dataclass(frozen=True, slots=True)
class Identity:
    """What a trace is of.

    Attributes
    ----------
    name : str
        Technique and variant, or what the caller calls the trace.
    labels : mapping
        Parameters of the Program, technique and variant among them; empty for other traces.
    source : str
        What measured the times, such as ``cupti`` or ``sim``.
    devices : tuple of str
        Names of the devices.
    """

    name: str
    labels: Mapping[str, Json]
    source: str
    devices: tuple[str, ...]

    def to_json(self) -> dict[str, Json]:
        """As a JSON object."""
        return {
            "name": self.name,
            "source": self.source,
            "devices": list(self.devices),
            "labels": dict(self.labels),
        }

    @property
    def device_text(self) -> str:
        """The devices in words."""
        return _names(self.devices)

    def difference(self, other: Identity) -> str:
        """What sets a trace apart from this one, in words; "" when figures are comparable."""
        if self.source != other.source:
            return f"its times are from {self.source}, those of the trace from {other.source}"
        if self.devices != other.devices:
            return f"it was made on {_names(self.devices)}, the trace on {_names(other.devices)}"
        for key in sorted(self.labels.keys() | other.labels.keys()):
            ours, theirs = self.labels.get(key, "nothing"), other.labels.get(key, "nothing")
            if ours != theirs:
                return f"it is of {key}={ours}, the trace of {key}={theirs}"
        return ""


def _names(devices: tuple[str, ...]) -> str:
    """Several of one name are counted: ``2 × NVIDIA H200``."""
    count = {name: devices.count(name) for name in devices}
    words = (name if n == 1 else f"{n} × {name}" for name, n in count.items())
    return " and ".join(words) or "no known device"


def identity_of(trace: Trace, name: str = "") -> Identity:
    """What a trace is of.

    Parameters
    ----------
    name : str
        What to call a trace that is of no technique.

    Raises
    ------
    UsageError
        When it has neither.
    """
    meta = trace.meta
    labels = (meta.labels.get(key) for key in ("technique", "variant"))
    found = "/".join(str(label) for label in labels if label) or name
    if not found:
        raise UsageError("the trace is of no technique, so give it a name")
    devices = tuple(device.name for device in meta.devices)
    return Identity(found, dict(meta.labels), meta.source, devices)
