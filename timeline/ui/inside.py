"""What to show of the inside of kernels: the switches of the picture, and tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from timeline.figures.escape import plain
from timeline.figures.launch import stamped_kernels
from timeline.trace import Trace

__all__ = ["Inside", "block_rows", "inside_switches", "role_rows"]

Device = Mapping[str, Any]
Rows = list[dict[str, Any]]

_SMS = (0, 2, 4, 8, 16, 32)
_EVERY = "all kernels"


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
    if not trace.stamps.num_rows or not st.toggle(
        "Inside the kernels", value=True, key=f"{key}/stamps", persist_state="session"
    ):
        return Inside()
    kernels = stamped_kernels(trace)
    kernel = st.selectbox(
        "Kernel",
        ["", *kernels],
        format_func=lambda name: plain(name, 40) or _EVERY,
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


def block_rows(device: Device) -> Rows:
    """Blocks on the SMs: one row a kernel that wrote stamps."""
    return [
        {
            "kernel": plain(found["kernel"] or _EVERY),
            "launches": found["launches"],
            "blocks": found["blocks"],
            "SMs": found["sms"],
            "at once on an SM (median)": found["median"],
            "at most": found["most"],
            "imbalance": f"{found['imbalance']:.1%}",
        }
        for found in device["inside_kernels"]
    ]


def role_rows(device: Device) -> Rows:
    """One row a role of the kernels that have several."""
    return [
        {
            "kernel": plain(found["kernel"]),
            "role": plain(role["role"]),
            "spans": role["spans"],
            "mean ns": round(role["mean_ns"]),
            "of the block's time": f"{role['share']:.1%}",
            "beside others": ", ".join(_beside(found, role["role"])),
        }
        for found in device["inside_kernels"]
        if len(found["roles"]) > 1
        for role in found["roles"]
    ]


def _beside(found: Mapping[str, Any], role: str) -> list[str]:
    return [
        f"{plain(other)} {pair['ratio']:.0%}"
        for pair in found["role_overlaps"]
        for other in pair["roles"]
        if role in pair["roles"] and other != role and pair["ratio"]
    ]
