"""How the makespan divides: every row of an engine adds up to it."""

from pathlib import Path
from typing import Any

import pytest

from timeline.figures.shares import share_rows
from timeline.report import report
from timeline.trace import Trace

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
CHOSEN = (
    "three_way_overlap/depth_first",
    "pinned_vs_pageable/pageable",
    "default_stream_barrier/stray_legacy",
    "p2p_pipeline/copy_stream",
)


def devices(sample: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = report(Trace.load(SAMPLES / sample)).to_json()["devices"]
    return found


@pytest.mark.parametrize("sample", CHOSEN)
def test_rows_add_up(sample: str) -> None:
    for device in devices(sample):
        rows = {row.label: sum(part.ns for part in row.parts) for row in share_rows(device)}
        assert rows.pop("copies", None) in (None, device["copy_ns"])
        assert len(rows) > 1
        assert set(rows.values()) == {device["makespan_ns"]}


def test_idle_time_is_patterned_and_busy_time_is_not() -> None:
    (device,) = devices("pinned_vs_pageable/pageable")
    rows = {row.label: row for row in share_rows(device)}
    busy, *idle = rows["SM"].parts
    assert (busy.name, busy.ns, busy.look.pattern) == (
        "SM busy",
        device["engines"]["SM"]["busy_ns"],
        "",
    )
    causes = {part.name: part.ns for part in idle}
    assert causes["blocking copy"] == device["idle_causes_ns"]["SM"]["blocking_copy"]
    assert all(part.look.pattern for part in idle if part.name != "nothing to do")


def test_without_causes_the_rest_is_unknown() -> None:
    (device,) = devices("pinned_vs_pageable/pageable")
    rows = {
        row.label: row
        for row in share_rows({**device, "idle_causes_ns": {}, "path_taken_ns": None})
    }
    assert "critical path" not in rows
    assert [part.name for part in rows["SM"].parts] == ["SM busy", "unknown"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_holds_every_part(theme: Any) -> None:
    pytest.importorskip("plotly")
    from timeline.figures.budget import budget

    (device,) = devices("three_way_overlap/depth_first")
    figure = budget(device, theme)
    drawn = [int(bar.customdata[0][0]) for bar in figure.data]
    assert drawn == [part.ns for row in share_rows(device) for part in row.parts]
    assert "bound" in figure.layout.annotations[0].text
