"""Draw the pictures of the documentation: ``docs/images/*.svg`` and, in Chromium, ``*.png``.

From the recorded samples where there are any, else from the simulator; the pictures say which.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from timeline.errors import TimelineError, UnavailableError
from timeline.figures import gantt_svg
from timeline.techniques import NAMES, Technique, technique
from timeline.trace import Trace
from timeline.ui.serving import serving
from timeline.ui.simulation import simulate

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SAMPLES = ROOT / "samples"
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
BY_STREAM = frozenset({"five_kernels", "default_stream_barrier", "per_thread_default_stream"})
WITH_HOST = frozenset(
    {"five_kernels", "pinned_vs_pageable", "stream_ordered_alloc", "event_wait"}
    | {"per_thread_default_stream"}
)
READY = "[data-testid=stApp][data-test-script-state=notRunning]"
DRAWN = ".js-plotly-plot .barlayer path"


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture of a page."""

    name: str
    address: str
    scheme: str = "light"
    width: int = 1440
    height: int = 900
    tab: str = ""


def shots(traces: bool) -> Iterator[Shot]:
    """Every picture; those of recorded traces only if there are any."""
    page = "techniques?technique="
    yield Shot("dashboard", f"{page}three_way_overlap")
    yield Shot("dashboard-dark", f"{page}three_way_overlap", "dark")
    yield Shot("dashboard-variants", f"{page}three_way_overlap", tab="Variants side by side")
    yield Shot("dashboard-measures", f"{page}three_way_overlap", tab="Measures")
    yield Shot("dashboard-pdl", f"{page}pdl")
    yield Shot("dashboard-wide", f"{page}five_kernels", width=2560, height=1300)
    if traces:
        yield Shot("dashboard-traces", "traces")


def variants(of: Technique) -> tuple[Mapping[str, Trace], str]:
    """Traces of all variants, and a line that says where they come from."""
    folders = {v.name: SAMPLES / of.id / v.name for v in of.variants}
    if all((folder / "meta.json").is_file() for folder in folders.values()):
        recorded = {name: Trace.load(folder) for name, folder in folders.items()}
        device = next(iter(recorded.values())).meta.devices[0].name
        return recorded, f"recorded on an {device}"
    return {v.name: simulate(of.id, v.name, {}, "h200", 1) for v in of.variants}, "simulated H200"


def draw(of: Technique) -> None:
    """Write the technique's SVG, light and dark."""
    traces, origin = variants(of)
    for theme in ("light", "dark"):
        picture = gantt_svg(
            traces,
            rows="stream" if of.id in BY_STREAM else "engine",
            host=of.id in WITH_HOST,
            stamps=of.id == "pdl",
            theme=theme,
            title=of.title,
            subtitle=origin,
        )
        suffix = "" if theme == "light" else "-dark"
        (IMAGES / f"{of.id}{suffix}.svg").write_text(picture, encoding="utf-8")


def photograph(browser: Any, address: str, shot: Shot) -> None:
    """Open the page, wait until it is drawn, and save what it looks like."""
    page = browser.new_page(
        viewport={"width": shot.width, "height": shot.height},
        color_scheme=shot.scheme,
        reduced_motion="reduce",
    )
    page.goto(f"{address}/{shot.address}")
    page.wait_for_selector(DRAWN)
    if shot.tab:
        page.get_by_role("tab", name=shot.tab).click()
        page.wait_for_selector("[data-testid=stDataFrame]")
    page.wait_for_selector(READY)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(800)  # Streamlit fades new elements in
    page.screenshot(path=IMAGES / f"{shot.name}.png")
    page.close()


@contextmanager
def chromium() -> Iterator[Any]:
    """Chromium, the system's or Playwright's own.

    Raises
    ------
    UnavailableError
        Without either.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        program = next((path for path in (*CHROMIUM, own) if shutil.which(path)), None)
        if program is None:
            raise UnavailableError("no Chromium; on Debian: apt-get install chromium")
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


def main() -> int:
    """Draw everything."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        draw(technique(name))
    recorded = any(SAMPLES.glob("*/*/meta.json"))
    with serving() as address, chromium() as browser:
        for shot in shots(recorded):
            photograph(browser, address, shot)
    print(f"{IMAGES}: {len(list(IMAGES.iterdir()))} pictures")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except TimelineError as error:
        print(f"screenshots: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
