"""Kernels without a name: other tools' files, and names that CUPTI didn't give."""

from collections.abc import Sequence
from typing import Any

import pytest

from timeline.figures import gantt_svg
from timeline.figures.cut import Cut
from timeline.figures.device_lanes import DeviceLanes
from timeline.figures.families import families
from timeline.figures.palette import SM_SHADES, role_code
from timeline.trace import Device, Meta, Trace, table


def kernels(names: Sequence[str | None]) -> Trace:
    """Kernels of these names, 10 ns each, 10 ns apart."""
    rows: dict[str, Any] = {
        "kind": ["kernel"] * len(names),
        "engine": ["SM"] * len(names),
        "name": list(names),
        "start": [20 * i for i in range(len(names))],
        "end": [20 * i + 10 for i in range(len(names))],
        "device": [0] * len(names),
        "stream": [7] * len(names),
    }
    meta = Meta("sim", devices=(Device(0, "NVIDIA H200"),))
    return Trace.from_tables(meta, {"activities": table("activities", rows, len(names))})


@pytest.mark.parametrize("names", [[None, None], [None, "named", None]])
def test_they_have_the_last_shade(names: list[str | None]) -> None:
    trace = kernels(names)
    (lane,) = DeviceLanes(Cut(trace), 0, families([trace])).engines()
    last, first = role_code(f"sm{len(SM_SHADES) - 1}"), role_code("sm0")
    assert lane.bars.role.tolist() == [last if name is None else first for name in names]
    assert gantt_svg(trace)
