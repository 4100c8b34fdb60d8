"""Fits the quantities of a device, and says how far off each is on recordings it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from timeline.backends.sim.device_model import DeviceModel
from timeline.calibration.fits import ENOUGH, along_curve, at_sizes, joined, line, rising
from timeline.calibration.observations import Array, Observations
from timeline.calibration.observe import observe
from timeline.calibration.probes import Probes, read_probes
from timeline.calibration.quantities import CURVES, LINES, RATES, VALUES
from timeline.calibration.recordings import HELD_OUT_RULE, Recording, split

__all__ = ["Calibration", "Fitted", "Residual", "calibrate"]


LEAST_NS = 100.0


@dataclass(frozen=True, slots=True)
class Residual:
    """Errors of predictions: how many observations, the median and the 95th percentile.

    They are relative to what was observed; of times, less than :data:`LEAST_NS` counts as that.
    """

    observations: int
    median: float
    p95: float

    def __str__(self) -> str:
        return f"{self.median:.1%} {self.p95:.0%}"

    @classmethod
    def of(cls, predicted: Array, seen: Array, floor: float) -> Residual | None:
        """None without observations."""
        if not len(seen):
            return None
        errors = np.abs(predicted - seen) / np.maximum(seen, floor)
        return cls(len(seen), float(np.median(errors)), float(np.percentile(errors, 95)))


@dataclass(frozen=True, slots=True)
class Fitted:
    """A quantity of the device.

    Attributes
    ----------
    place : str
        ``section.key``.
    source : {"recordings", "probes"}
        What its value comes from.
    entry : str
        Which entry of the probes, or which observations.
    recordings : int
        Fitted recordings that tell of it.
    fitted, held_out : Residual or None
        On the recordings it was fitted from, and on those held out.
    """

    place: str
    value: Any
    source: str
    entry: str
    recordings: int = 0
    fitted: Residual | None = None
    held_out: Residual | None = None

    @property
    def value_text(self) -> str:
        """The value; of a curve its smallest and largest size."""
        if isinstance(self.value, tuple):
            (x, y), (to_x, to_y) = self.value[0], self.value[-1]
            return f"{y:,.0f} at {x:,.0f} to {to_y:,.0f} at {to_x:,.0f}"
        return f"{self.value:,}" if isinstance(self.value, int | float) else str(self.value)


@dataclass(frozen=True, eq=False, slots=True)
class Calibration:
    """A fitted device.

    Attributes
    ----------
    gpu : str
        The driver's name.
    values : mapping
        :class:`Fitted` by place; quantities that are not in it are those of the base.
    used, held_out : tuple of str
        Names of the recordings.
    probes : tuple of str
        Files of ``benchmarks.semantics`` that were used.
    date : str
        Of the latest recording.
    """

    gpu: str
    base: DeviceModel
    values: Mapping[str, Fitted]
    used: tuple[str, ...]
    held_out: tuple[str, ...]
    probes: tuple[str, ...]
    date: str

    def rows(self) -> Iterable[Fitted]:
        """The quantities, in the order of their places."""
        return (self.values[place] for place in sorted(self.values))

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "gpu": self.gpu,
            "date": self.date,
            "rule": HELD_OUT_RULE,
            "probes": list(self.probes),
            "recordings": list(self.used),
            "held_out": list(self.held_out),
            "quantities": [asdict(each) for each in self.rows()],
        }


def calibrate(
    recordings: Sequence[Recording],
    base: DeviceModel,
    probes: Sequence[Path] = (),
    *,
    progress: Callable[[str], None] = lambda name: None,
) -> Calibration:
    """Fit a device from recordings of one GPU model.

    Parameters
    ----------
    base : DeviceModel
        Gives what neither recordings nor probes tell.
    probes : sequence of Path
        Files that ``python -m benchmarks.semantics`` wrote on such a GPU.
    progress : callable
        Told the name of each recording before it is read.
    """
    gpu = recordings[0].gpu
    used, held = split(recordings)
    seen: dict[str, Observations] = {}
    for each in recordings:
        progress(each.name)
        seen[each.name] = observe(each.trace, base)
    parts = [[seen[r.name] for r in part] for part in (used, held)]
    measured = read_probes(probes, gpu)
    fit = _Fit(base, measured, *parts)
    dates = (str(r.trace.meta.provenance.get("date", ""))[:10] for r in recordings)
    return Calibration(
        gpu,
        base,
        fit.all(),
        tuple(each.name for each in used),
        tuple(each.name for each in held),
        measured.names,
        max(dates, default=""),
    )


def told_by(parts: Sequence[Observations], quantity: str) -> list[Array]:
    """Observations of each recording that has any."""
    return [y for y in (part.of(quantity)[1] for part in parts) if len(y)]


def middle(parts: Sequence[Array]) -> float | None:
    """The median over the recordings of each one's median; None of too few observations."""
    if sum(map(len, parts)) < ENOUGH:
        return None
    return float(np.median([np.median(part) for part in parts]))


class _Fit:
    """Fits each kind of quantity."""

    def __init__(
        self,
        base: DeviceModel,
        probes: Probes,
        used: Sequence[Observations],
        held: Sequence[Observations],
    ) -> None:
        self._base = base
        self._probes, self._parts = probes, used
        self._used, self._held = Observations.merged(used), Observations.merged(held)
        self._found: dict[str, Fitted] = {}

    def all(self) -> dict[str, Fitted]:
        """All quantities; recordings count before probes."""
        for place, (value, entry) in self._probes.values.items():
            self._add(Fitted(place, value, "probes", entry))
        for place in VALUES:
            self._value(place)
        for place in RATES:
            self._rate(place)
        self._graph_node("host.graph_node_ns", "cudaGraphLaunch")
        for place in CURVES:
            self._curve(place)
        for quantity in LINES:
            self._line(quantity)
        return self._found

    def _add(self, fitted: Fitted) -> None:
        self._found[fitted.place] = fitted

    def _telling(self, quantity: str) -> list[Array]:
        return told_by(self._parts, quantity)

    def _residuals(
        self, quantity: str, predict: Callable[[Array], Array]
    ) -> tuple[Residual | None, Residual | None]:
        pairs = (self._used.of(quantity), self._held.of(quantity))
        floor = 1.0 if quantity.endswith("_duplex") else LEAST_NS
        fitted, held = (Residual.of(predict(x), y, floor) for x, y in pairs)
        return fitted, held

    def _value(self, place: str) -> None:
        parts = self._telling(place)
        found = middle(parts)
        if found is None:
            return
        value = round(found, 3) if place.endswith("_duplex") else round(found)
        residuals = self._residuals(place, lambda x: np.full(len(x), float(value)))
        self._add(Fitted(place, value, "recordings", "median", len(parts), *residuals))

    def _rate(self, place: str) -> None:
        kernel = self._found.get("sm.kernel_ns")
        fixed = self._base.sm.kernel_ns if kernel is None else kernel.value
        known = getattr(self._base.sm, place.removeprefix("sm."))
        told = [(x, y - fixed) for x, y in (p.of(place) for p in self._parts) if len(y)]
        rates = [known * float(np.median(x / np.maximum(y, 1.0))) for x, y in told]
        if sum(len(x) for x, _ in told) < ENOUGH:
            return
        value = round(float(np.median(rates)), 1)
        residuals = self._residuals(place, lambda x: fixed + x * known / value)
        self._add(Fitted(place, value, "recordings", "median", len(told), *residuals))

    def _graph_node(self, place: str, call: str) -> None:
        """What a node adds to the launch of its graph, which itself costs what the probes say."""
        launch = self._found.get(f"host.calls.{call}")
        fixed = self._base.host.call_ns(call) if launch is None else launch.value
        told = [(y - fixed) / x for x, y in (part.of(place) for part in self._parts) if len(y)]
        found = middle(told)
        if found is None:
            return
        value = round(max(found, 0.0), 1)
        residuals = self._residuals(place, lambda x: fixed + value * x)
        self._add(Fitted(place, value, "recordings", "median", len(told), *residuals))

    def _curve(self, place: str) -> None:
        told = at_sizes(*self._used.of(place))
        points = self._probes.curves.get(place, ())
        if not told and not points:
            return
        curve = rising(joined(told, points))
        residuals = self._residuals(place, lambda x: along_curve(curve, x))
        source = "recordings" if told else "probes"
        entry = f"{len(told)} sizes recorded, {len(curve) - len(told)} probed"
        count = len(self._telling(place))
        self._add(Fitted(place, curve, source, entry, count, *residuals))

    def _line(self, quantity: str) -> None:
        told = at_sizes(*self._used.of(quantity))
        points = joined(told, self._probes.curves.get(quantity, ()))
        if len(points) < ENOUGH:
            return
        latency, rate = line(points)
        residuals = self._residuals(quantity, lambda x: latency + x / rate)
        count = len(self._telling(quantity))
        source = "recordings" if told else "probes"
        entry = f"line through {len(told)} sizes recorded, {len(points) - len(told)} probed"
        for place, value in zip(LINES[quantity], (round(latency), round(rate, 1)), strict=True):
            self._add(Fitted(place, value, source, entry, count, *residuals))
