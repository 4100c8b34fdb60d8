"""What recordings say of one piece of evidence."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from timeline.claims.claim import PROBES, Evidence, Json
from timeline.claims.recordings import SIMULATED, Recordings
from timeline.errors import UsageError
from timeline.report.units import byte_text, time_text
from timeline.samples import Origin, origin_of
from timeline.trace import Trace

__all__ = ["Finding", "findings", "value_text"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A measured figure.

    Attributes
    ----------
    samples : tuple of str
        The traces, or the probes' file, that it was computed from, below the samples' folder.
    """

    evidence: Evidence
    value: float
    samples: tuple[str, ...]
    origins: tuple[Origin, ...]

    @property
    def ok(self) -> bool:
        """Whether the figure lies within its limits."""
        return self.evidence.least <= self.value <= self.evidence.most

    @property
    def text(self) -> str:
        """The figure in its unit."""
        return value_text(self.value, self.evidence.unit)

    @property
    def sentence(self) -> str:
        """What the evidence says of such a figure."""
        said = self.evidence.within if self.ok else self.evidence.outside
        return said.format(found=self.text)


def value_text(value: float, unit: str) -> str:
    """A figure as people read it."""
    if unit == "ns":
        return time_text(value)
    if unit == "bytes":
        return byte_text(round(value))
    return f"{value:,.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.3g}"


def findings(evidence: Evidence, recordings: Recordings) -> Iterator[Finding]:
    """The figure of each probed device, or of the technique's traces; nothing if not measured."""
    if evidence.technique == PROBES:
        yield from _probed(evidence, recordings.probes)
    elif (found := _recorded(evidence, recordings.of(evidence.technique))) is not None:
        yield found


def _probed(evidence: Evidence, probes: Mapping[str, Json]) -> Iterator[Finding]:
    for place, measured in probes.items():
        try:
            value = float("nan") if evidence.value is None else evidence.value(measured)
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            continue  # of a device on which this was not probed
        if not math.isnan(value):
            yield Finding(evidence, value, (place,), (_probed_on(measured),))


def _recorded(evidence: Evidence, traces: Mapping[str, Trace]) -> Finding | None:
    if evidence.value is None:
        return None
    asked = _Asked(traces)
    try:
        value = evidence.value(asked)
    except UsageError:  # a variant that it needs was not recorded
        return None
    if math.isnan(value):
        return None
    used = tuple(f"{evidence.technique}/{variant}" for variant in asked.read)
    origins = dict.fromkeys(origin_of(trace) for trace in asked.read.values())
    return Finding(evidence, value, used, tuple(origins))


class _Asked(Mapping[str, Trace]):
    """Recorded traces, and which of them a figure read."""

    def __init__(self, traces: Mapping[str, Trace]) -> None:
        self._traces = traces
        self.read: dict[str, Trace] = {}

    def __getitem__(self, variant: str) -> Trace:
        trace = self._traces[variant]
        if trace.meta.source == SIMULATED:
            raise UsageError(f"{variant}: simulated, which proves nothing")
        return self.read.setdefault(variant, trace)

    def __iter__(self) -> Iterator[str]:
        return iter(self._traces)

    def __len__(self) -> int:
        return len(self._traces)


def _probed_on(measured: Json) -> Origin:
    device = measured.get("device", {})
    version = int(device.get("driver", 0))
    cuda = f"{version // 1000}.{version % 1000 // 10}" if version else ""
    driver = str(device.get("driver_version", ""))
    return Origin(str(device.get("name", "")), driver, cuda, str(measured.get("date", "")))
