"""Every page in a real Chromium: for everyone, at any width, in either theme, without jumps."""

from collections.abc import Callable, Iterator
from itertools import cycle, product
from pathlib import Path
from typing import Any

import pytest

from timeline.ui.serving import serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
Grave = Callable[[Any], list[tuple[str, str]]]

PAGES = (
    *("open", "overview", "timeline", "timeline?part=Figure", "findings", "whatif", "compare"),
    *("ranks", "techniques?technique=pdl", "techniques?technique=pdl&view=Claims"),
)
VIEWS = [
    (place, *view)
    for place, view in zip(PAGES, cycle(product(("light", "dark"), (1280, 2560))), strict=False)
]
"""Each page in one theme and at one width; all four come up."""

STREAMLIT = "[data-testid=stMainMenu], [data-testid=stAppDeployButton]"
MOST_SHIFT = 0.1
"""Cumulative layout shift above which web.dev calls a page in need of improvement."""

WATCH = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const moved = entry.sources.map(({ node, previousRect: a, currentRect: b }) =>
        `${node?.dataset?.testid ?? node?.className} ${a.y} → ${b.y}, ${a.height} → ${b.height}`);
      window.shifts.push([entry.value, moved.join("; ")]);
    }
  }).observe({ type: "layout-shift" });
}"""
"""Keeps every layout shift from now on, also those soon after a click or a key."""

CUT = """() => {
  const found = [];
  const wide = (node) => node.scrollWidth > node.clientWidth + 1;
  for (const id of ["stApp", "stMain"]) {
    const node = document.querySelector(`[data-testid=${id}]`);
    if (node && wide(node)) found.push(`${id} ${node.scrollWidth} > ${node.clientWidth}`);
  }
  if (wide(document.documentElement)) found.push("the document");
  const kinds = ".block-container :is(p, h1, h2, dd, button, svg, canvas, li)";
  for (const node of document.querySelectorAll(kinds)) {
    const box = node.getBoundingClientRect();
    const held = node.closest("[data-testid=stDataFrame], pre, .hidden, .details");
    if (box.width && !held && (box.right > innerWidth + 1 || box.left < -1)) {
      found.push(`${node.tagName} ${node.textContent.slice(0, 40)} ${box.left}..${box.right}`);
    }
  }
  return found;
}"""
"""What reaches beyond the window, where nobody can scroll to it."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard of two traces of one technique."""
    place = SAMPLES / "pinned_vs_pageable"
    with serving([place], tmp_path_factory.mktemp("server") / "log") as found:
        yield found


def settled(page: Any) -> None:
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize(("place", "scheme", "width"), VIEWS)
def test_everyone_can_use_every_page(
    contexts: dict[str, Any], dashboard: str, axe: Grave, place: str, scheme: str, width: int
) -> None:
    """axe-core finds nothing serious, nothing is cut off, and nobody sees Streamlit."""
    page = contexts[scheme].new_page()
    page.set_viewport_size({"width": width, "height": 1000})
    page.goto(f"{dashboard}/{place}")
    settled(page)
    assert axe(page) == [], place
    assert page.evaluate(CUT) == [], place
    assert page.locator("[data-testid=stMainMenu], [data-testid=stAppDeployButton]").count() == 0
    page.close()


def toggled(page: Any, label: str) -> None:
    page.get_by_text(label, exact=True).first.click()


def chosen(page: Any, box: str, option: str) -> None:
    page.get_by_role("combobox", name=box).click()
    page.get_by_role("option", name=option).click()


CONTROLS: dict[str, list[Callable[[Any], None]]] = {
    "overview": [lambda page: chosen(page, "Trace", "pinned")],
    "timeline": [
        lambda page: page.locator(".stage").press("e"),
        lambda page: page.keyboard.press("Escape"),
        lambda page: page.locator(".stage").press("w"),
        lambda page: chosen(page, "Trace", "pinned"),
    ],
    "whatif": [
        lambda page: toggled(page, "pinned host memory"),
        lambda page: toggled(page, "pinned host memory"),
    ],
    "compare": [lambda page: chosen(page, "Aligned by", "batch 0")],
}
"""What is done on each page, one after the other.

Not the switch of a finding's picture: to take the picture's room away is what it is for.
"""


@pytest.mark.parametrize("place", CONTROLS)
def test_nothing_jumps_when_a_control_is_used(page: Any, address: str, place: str) -> None:
    page.goto(f"{address}/{place}")
    settled(page)
    page.wait_for_timeout(800)
    page.evaluate(WATCH)
    for act in CONTROLS[place]:
        act(page)
        page.wait_for_timeout(300)
        settled(page)
        page.wait_for_timeout(300)
    shifts = page.evaluate("() => window.shifts")
    assert sum(value for value, _ in shifts) < MOST_SHIFT, shifts
