"""What happened inside the kernels, as JSON and as tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from timeline.analysis import InsideKernel
from timeline.report.tables import grid
from timeline.report.units import percent_text, ratio_text, time_text

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["block_cells", "inside_json", "inside_tables", "role_cells"]

Json = dict[str, Any]

MOST_KERNELS = 8
"""Kernels in the text; the JSON has them all."""

ALL_KERNELS = "all kernels"


def inside_json(found: Sequence[InsideKernel]) -> list[Json]:
    """One object a kernel; the name of the one over all kernels is null."""
    return [
        {
            **dataclasses.asdict(one.blocks),
            "kernel": one.blocks.kernel or None,
            "roles": [dataclasses.asdict(role) for role in one.roles],
            "role_overlaps": [
                {"roles": list(pair.roles), "ratio": pair.ratio} for pair in one.overlaps
            ],
        }
        for one in found
    ]


def inside_tables(found: Sequence[Json]) -> Iterator[RenderableType]:
    """A table of the blocks on the SMs, and one of the roles of kernels that have several."""
    if found:
        yield _blocks([*found[: MOST_KERNELS - 1], *found[MOST_KERNELS - 1 :][-1:]])
    if roles := [row for one in found[:MOST_KERNELS] for row in role_cells(one)]:
        heads = ("role in a kernel", "", "spans", "mean", "of the block's time", "beside others")
        yield grid(heads, roles, right=(2, 3, 4))


def _blocks(found: Sequence[Json]) -> RenderableType:
    heads = ("blocks on SMs, from stamps", "launches", "blocks", "SMs", "at once on one", "most")
    return grid((*heads, "imbalance"), list(map(block_cells, found)), right=tuple(range(1, 7)))


def block_cells(one: Json) -> tuple[str, ...]:
    """Kernel, launches, blocks, SMs, median and most blocks on an SM, and imbalance as text."""
    return (
        one["kernel"] or ALL_KERNELS,
        f"{one['launches']:,}",
        f"{one['blocks']:,}",
        f"{one['sms']:,}",
        f"{one['median']:g}",
        f"{one['most']:,}",
        percent_text(one["imbalance"]),
    )


def role_cells(one: Json) -> Iterator[tuple[str, ...]]:
    """Of a kernel of several roles: kernel, role, spans, mean, share and overlaps as text."""
    if len(one["roles"]) < 2:
        return
    for role in one["roles"]:
        yield (
            one["kernel"],
            role["role"],
            f"{role['spans']:,}",
            time_text(role["mean_ns"]),
            percent_text(role["share"]),
            ", ".join(_beside(role["role"], one["role_overlaps"])),
        )


def _beside(role: str, overlaps: Sequence[Json]) -> Iterator[str]:
    """The overlaps of a role with those named after it, where there are any."""
    for pair in overlaps:
        if pair["roles"][0] == role and pair["ratio"]:
            yield f"{pair['roles'][1]} {ratio_text(pair['ratio'])}"
