"""Idle time by cause in a real Chromium: its pixels, its words, and the data behind them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from timeline.analysis import work_of
from timeline.analysis.execution import execution
from timeline.analysis.idle_causes import CAUSES, idle_causes
from timeline.figures.shares import cause_looks
from timeline.trace import Trace
from timeline.ui.serving import serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "pinned_vs_pageable" / "pageable"

Stage = Any
""":class:`Stage` of conftest."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving([SAMPLE], tmp_path_factory.mktemp("server") / "log") as found:
        yield found


def idle(stage: Stage, address: str, **query: str) -> None:
    """Open the timeline, and wait until idle time is there, exactly."""
    stage.open(address, **query)
    stage.page.wait_for_selector(".timeline[data-idle=ready]")
    stage.settled()


def test_idle_time_adds_up_to_what_the_analysis_says(stage: Stage, address: str) -> None:
    trace = Trace.load(SAMPLE)
    first, last = (time - trace.span[0] for time in trace.span)
    known = idle_causes(execution(work_of(trace, 0)), "SM")
    idle(stage, address, view=f"{first}ns:{last}ns")
    lane = stage.visible()["gpu0/idle/SM"]
    causes = stage.ask("return t.manifest.causes")
    spent = dict.fromkeys(causes, 0)
    for bar in lane["bars"]:
        spent[causes[bar["name"]]] += min(bar["end"], last) - max(bar["start"], first)
    for merged in lane["merged"]:
        spent[causes[merged["name"]]] += merged["total"]
    length = known.ends - known.starts
    wanted = {cause: int(length[known.causes == i].sum()) for i, cause in enumerate(CAUSES)}
    assert spent == wanted
    assert wanted["blocking_copy"] > 0


def test_a_key_and_a_button_switch_it(stage: Stage, address: str) -> None:
    idle(stage, address)
    assert "gpu0/idle/SM" in stage.visible()
    stage.press("i")
    stage.settled()
    assert "gpu0/idle/SM" not in stage.visible()
    stage.page.wait_for_function("() => location.search.includes('idle=no')")
    button = stage.page.get_by_role("button", name="Idle time of each engine, by cause (I)")
    assert button.get_attribute("aria-pressed") == "false"
    stage.page.reload()
    stage.settled()
    assert "gpu0/idle/SM" not in stage.visible()
    button.click()
    stage.page.wait_for_selector(".timeline[data-idle=ready]")
    stage.settled()
    assert "gpu0/idle/SM" in stage.visible()


def test_legend_and_hover_use_the_words_of_the_overview(stage: Stage, address: str) -> None:
    idle(stage, address)
    known = {words for words, _ in cause_looks().values()}
    legend = stage.page.get_by_role("list", name="What the colours mean").inner_text()
    causes = stage.ask("return t.manifest.causes")
    assert all(f"idle: {cause_looks()[cause][0]}" in legend for cause in causes)
    bars = stage.visible()["gpu0/idle/SM"]["bars"]
    longest = max(bars, key=lambda bar: bar["end"] - bar["start"])
    first, last = stage.view()
    line = stage.line("gpu0/idle/SM")
    middle = (max(longest["start"], first) + min(longest["end"], last)) / 2
    x = 168 + (middle - first) / (last - first) * (line["width"] - 170)
    stage.page.mouse.move(line["x"] + x, line["y"] + line["height"] / 2)
    tip = stage.page.locator(".tip").inner_text()
    assert tip.splitlines()[0].removeprefix("idle: ") in known
    assert f"{longest['end'] - longest['start']:,} ns" in tip


def test_idle_time_is_drawn_in_a_pattern(stage: Stage, address: str) -> None:
    idle(stage, address)
    line, box = stage.line("gpu0/idle/SM"), stage.page.locator(".stage").bounding_box()
    top = int(line["y"] - box["y"])
    lane = stage.pixels()[top + 3 : top + 11, 180:-4].reshape(-1, 3)
    colours, count = np.unique(lane, axis=0, return_counts=True)
    assert len(colours) > 3
    assert count.max() < 0.9 * len(lane)
