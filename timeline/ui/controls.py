"""A widget for each parameter of a technique."""

from __future__ import annotations

from typing import Any, Literal

import streamlit as st

from timeline.program import Param
from timeline.techniques import Parameter

__all__ = ["Control", "control", "doublings", "widget"]

Control = Literal["toggle", "choice", "doubling", "slider", "number", "text"]

_MOST_STEPS = 512
_WIDE = 32
_UNITS = {"ns": "ns", "us": "µs", "ms": "ms", "kib": "KiB", "mib": "MiB", "gib": "GiB"}


def control(parameter: Parameter) -> Control:
    """Kind of widget that suits a parameter."""
    if isinstance(parameter.default, bool):
        return "toggle"
    if parameter.choices:
        return "choice"
    if isinstance(parameter.default, str):
        return "text"
    low, high = parameter.minimum, parameter.maximum
    if low is None or high is None:
        return "number"
    if isinstance(parameter.default, int):
        if low > 0 and high / low >= _WIDE and parameter.default in doublings(parameter):
            return "doubling"
        return "slider" if high - low <= _MOST_STEPS else "number"
    return "slider"


def doublings(parameter: Parameter) -> list[int]:
    """Powers of two within the limits of a parameter, ascending."""
    low, high = int(parameter.minimum or 1), int(parameter.maximum or 1)
    return [1 << k for k in range(high.bit_length()) if low <= 1 << k <= high]


def widget(parameter: Parameter, key: str) -> Param:
    """Show the widget; returns its value, in the type of the default. The address names it."""
    default: Any = parameter.default
    kind, label = type(default), _label(parameter.name)
    low, high = (None if x is None else kind(x) for x in (parameter.minimum, parameter.maximum))
    shared: Any = {"key": key, "help": parameter.doc, "bind": "query-params"}
    match control(parameter):
        case "toggle":
            value: Any = st.toggle(label, default, **shared)
        case "choice":
            index = parameter.choices.index(default)
            value = st.selectbox(label, parameter.choices, index, **shared)
        case "doubling":
            value = st.select_slider(label, doublings(parameter), default, **shared)
        case "slider":
            value = st.slider(label, low, high, default, **shared)
        case "number":
            value = st.number_input(label, low, high, default, **shared)
        case "text":
            value = st.text_input(label, default, **shared)
    found: Param = kind(value)
    return found


def _label(name: str) -> str:
    """``total_mib`` as ``total, MiB``."""
    *words, last = name.split("_")
    unit = _UNITS.get(last) if words else None
    return f"{' '.join(words)}, {unit}" if unit else name.replace("_", " ")
