"""Described devices: the TOML files, read and checked."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any, get_type_hints

from timeline.backends.sim.device_model import Curve, DeviceModel
from timeline.errors import UsageError, unknown

__all__ = ["device_text", "devices", "load_device"]

_CHOICES = {
    "malloc_waits": ("nothing", "device"),
    "free_waits": ("nothing", "device"),
    "legacy_synchronize_waits": ("stream", "blocking"),
    "event_ends_pdl": ("never", "timing", "always"),
    "trim": ("stream", "event", "device"),
}


def devices() -> tuple[str, ...]:
    """The described devices.

    Returns
    -------
    tuple of str
        Their names, as :func:`load_device` takes them.
    """
    found = files(__package__).iterdir()
    return tuple(sorted(p.name.removesuffix(".toml") for p in found if p.name.endswith(".toml")))


def load_device(device: str | Path | DeviceModel) -> DeviceModel:
    """Find a device by name, or read a TOML file; a text that ends in ``.toml`` names a file.

    Raises
    ------
    UsageError
        When there is none of that name, or the file has a missing, unknown or malformed value.
    """
    if isinstance(device, DeviceModel):
        return device
    if isinstance(device, Path) or device.endswith(".toml"):
        return _parse(device_text(device), str(device))
    if device not in devices():
        raise unknown("simulated device", device, devices())
    return _packaged(device)


def device_text(device: str | Path) -> str:
    """The text of a described device's file, or of one's own; see :func:`load_device`.

    Raises
    ------
    UsageError
        When it can't be read.
    """
    if isinstance(device, str) and not device.endswith(".toml"):
        return files(__package__).joinpath(f"{device}.toml").read_text(encoding="utf-8")
    try:
        return Path(device).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{device}: can't be read: {error}") from error


@cache
def _packaged(name: str) -> DeviceModel:
    return _parse(device_text(name), f"{name}.toml")


def _parse(text: str, place: str) -> DeviceModel:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{place}: not TOML: {error}") from error
    model: DeviceModel = _section(DeviceModel, values, place)
    return model


def _section(kind: Any, values: Any, place: str) -> Any:
    hints = get_type_hints(kind)
    if not isinstance(values, dict):
        raise UsageError(f"{place}: must be a table")
    for key in values:
        if key not in hints:
            raise UsageError(f"{place}: {unknown('key', key, hints)}")
    missing = [f.name for f in dataclasses.fields(kind) if f.name not in values]
    needed = [name for name in missing if _default(kind, name) is dataclasses.MISSING]
    if needed:
        raise UsageError(f"{place}: {needed[0]!r} is missing")
    told = [key for key in hints if key in values]
    return kind(**{key: _value(hints[key], key, values[key], f"{place}: {key}") for key in told})


def _default(kind: Any, name: str) -> Any:
    return kind.__dataclass_fields__[name].default


def _value(kind: Any, key: str, value: Any, place: str) -> Any:
    if dataclasses.is_dataclass(kind):
        return _section(kind, value, place)
    if kind == Curve:
        return _curve(value, place)
    if kind == Mapping[str, int]:
        return _calls(value, place)
    if kind in (tuple[int, ...], tuple[str, ...]):
        inner = int if kind == tuple[int, ...] else str
        if not isinstance(value, list):
            raise UsageError(f"{place}: must be a list")
        return tuple(_value(inner, key, v, place) for v in value)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise UsageError(f"{place}: must be {kind.__name__}, not {value!r}")
    if kind in (int, float) and value < 0:
        raise UsageError(f"{place}: must not be negative")
    if key in _CHOICES and value not in _CHOICES[key]:
        raise UsageError(f"{place}: must be one of {', '.join(_CHOICES[key])}, not {value!r}")
    return value


def _curve(value: Any, place: str) -> Curve:
    try:
        points = tuple((float(x), float(y)) for x, y in value)
    except (TypeError, ValueError):
        raise UsageError(f"{place}: must be a list of [x, y] points") from None
    steps = list(pairwise(points))
    if not points or any(a[0] >= b[0] for a, b in steps) or any(y < 0 for _, y in points):
        raise UsageError(f"{place}: needs at least one point, x ascending, y not negative")
    return points


def _calls(value: Any, place: str) -> Mapping[str, int]:
    if not isinstance(value, dict) or "other" not in value:
        raise UsageError(f"{place}: must be a table of calls with 'other'")
    return {str(k): _value(int, k, v, f"{place}.{k}") for k, v in value.items()}
