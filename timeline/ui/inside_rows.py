"""The inside of kernels as tables of plain rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from timeline.figures.escape import plain

__all__ = ["EVERY", "block_rows", "role_rows"]

Device = Mapping[str, Any]
Rows = list[dict[str, Any]]

EVERY = "all kernels"
"""What stands for the name where kernels aren't told apart."""


def block_rows(device: Device) -> Rows:
    """Blocks on the SMs: one row a kernel that wrote stamps."""
    return [
        {
            "kernel": plain(found["kernel"] or EVERY),
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
