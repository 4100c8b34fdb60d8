"""A widget for each parameter of a technique."""

from __future__ import annotations

from typing import Any, Literal

import streamlit as st

from timeline.figures.units import byte_text
from timeline.program import Param
from timeline.techniques import Parameter

__all__ = ["Control", "control", "doublings", "widget"]

Control = Literal["toggle", "choice", "doubling", "slider", "number", "text"]

_MOST_STEPS = 512
_WIDE = 32


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
    """Show the widget; returns its value, in the type of the default."""
    label, doc = parameter.name.replace("_", " "), parameter.doc
    default: Any = parameter.default
    kind = type(default)
    low, high = (None if x is None else kind(x) for x in (parameter.minimum, parameter.maximum))
    match control(parameter):
        case "toggle":
            value: Any = st.toggle(label, default, key=key, help=doc)
        case "choice":
            index = parameter.choices.index(default)
            value = st.selectbox(label, parameter.choices, index, key=key, help=doc)
        case "doubling":
            options = doublings(parameter)
            words = byte_text if parameter.name.endswith("bytes") else str
            value = st.select_slider(label, options, default, format_func=words, key=key, help=doc)
        case "slider":
            value = st.slider(label, low, high, default, key=key, help=doc)
        case "number":
            value = st.number_input(label, low, high, default, key=key, help=doc)
        case "text":
            value = st.text_input(label, default, key=key, help=doc)
    found: Param = kind(value)
    return found
