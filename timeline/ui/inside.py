"""What to show of the inside of kernels: the switches of the picture."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from timeline.figures.escape import plain
from timeline.figures.launch import stamped_kernels
from timeline.trace import Trace
from timeline.ui.inside_rows import EVERY

__all__ = ["Inside", "inside_switches"]

_SMS = (0, 2, 4, 8, 16, 32)


@dataclass(frozen=True, slots=True)
class Inside:
    """Arguments of :func:`timeline.figures.gantt`."""

    stamps: bool = False
    kernel: str = ""
    sms: int = 0


def inside_switches(trace: Trace, key: str) -> Inside:
    """Ask whether to show roles, which kernel to zoom in on, and how many SMs to show.

    A trace without stamps leaves nothing to ask.
    """
    if not trace.rows("stamps") or not st.toggle(
        "Inside the kernels", value=True, key=f"{key}/stamps", persist_state="session"
    ):
        return Inside()
    kernels = stamped_kernels(trace)
    kernel = st.selectbox(
        "Kernel",
        ["", *kernels],
        format_func=lambda name: plain(name, 40) or EVERY,
        help="Zoom in on one launch of it, that of median length.",
        key=f"{key}/kernel/{'/'.join(kernels)}",
        label_visibility="collapsed",
        width=240,
    )
    sms = st.selectbox(
        "SMs",
        _SMS,
        format_func=lambda count: f"{count} SMs" if count else "no SMs",
        help="Show the blocks on that many SMs, by role.",
        key=f"{key}/sms",
        label_visibility="collapsed",
        width=120,
    )
    return Inside(True, kernel, sms)
