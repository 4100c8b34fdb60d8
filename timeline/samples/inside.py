"""What pages say of the inside of kernels: a launch to look at, blocks, roles, the stamps' cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from timeline.analysis import stamp_cost
from timeline.report.inside import block_cells, role_cells
from timeline.report.units import time_text
from timeline.samples.folder import SampleFolder
from timeline.samples.markdown import table
from timeline.samples.variants import Sample

__all__ = ["PLAIN", "block_table", "cost_table", "role_table", "telling_kernel"]

Json = dict[str, Any]

PLAIN = "without_stamps"
"""Folder of the samples with recordings made once more without stamps."""


def telling_kernel(shown: Sequence[Sample]) -> str:
    """Of the kernels with several roles, the one with most, or what such names have in common.

    Empty when no kernel that is in all of the samples has several roles.
    """
    names = [_most_roles(sample) for sample in shown]
    first, last = min(names), max(names)  # whatever these two share, those between them do
    pairs = zip(first, last, strict=False)
    length = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(first), len(last)))
    return first[:length]


def _most_roles(sample: Sample) -> str:
    kernels = [(len(one["roles"]), one["kernel"]) for one in _inside(sample) if one["kernel"]]
    most, name = max(kernels, key=lambda kernel: kernel[0], default=(0, ""))
    return name if most > 1 else ""


def _inside(sample: Sample) -> Iterator[Json]:
    """The kernels of every device."""
    for device in sample.totals.report.to_json()["devices"]:
        yield from device["inside_kernels"]


def block_table(shown: Sequence[Sample]) -> str:
    """Blocks on the SMs of each kernel that wrote stamps; empty without any."""
    rows = [(s.variant, *block_cells(one)) for s in shown for one in _inside(s)]
    heads = ("variant", "kernel", "launches", "stamped blocks", "SMs", "at once on an SM, median")
    return table((*heads, "at most", "imbalance"), rows) if rows else ""


def role_table(shown: Sequence[Sample]) -> str:
    """Roles of each kernel that has several, and how far they were at work at once."""
    rows = [(s.variant, *cells) for s in shown for one in _inside(s) for cells in role_cells(one)]
    heads = ("variant", "kernel", "role", "spans", "mean", "of the block's time", "beside others")
    return table(heads, rows) if rows else ""


def cost_table(samples: Path, found: Sequence[Sample]) -> str:
    """What stamps cost each kernel; empty for techniques not recorded once more without them."""
    plain = SampleFolder(samples / PLAIN / found[0].technique)
    rows = [
        (
            sample.variant,
            cost.kernel,
            f"{cost.stamps:,.0f}",
            time_text(cost.without_ns),
            time_text(cost.with_ns),
            f"{cost.ratio:.3f}×",
        )
        for sample in found
        if sample.variant in plain
        for cost in stamp_cost(sample.trace, plain[sample.variant])
    ]
    heads = ("variant", "kernel", "stamps a launch", "without", "with", "ratio")
    return table(heads, rows) if rows else ""
