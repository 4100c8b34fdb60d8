"""Photograph the dashboard in Chromium: ``docs/images/dashboard*.png``."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from timeline.errors import TimelineError, UnavailableError
from timeline.ui.serving import serving

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SAMPLES = ROOT / "samples"
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
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
    overlap = f"{page}three_way_overlap&three_way_overlap.total_mib=64&three_way_overlap.chunks=16"
    yield Shot("dashboard", overlap)
    yield Shot("dashboard-dark", overlap, "dark")
    yield Shot("dashboard-variants", overlap, height=1120, tab="Variants side by side")
    yield Shot("dashboard-measures", overlap, height=1120, tab="Measures")
    yield Shot("dashboard-pdl", f"{page}pdl")
    yield Shot("dashboard-barrier", f"{page}default_stream_barrier", tab="Variants side by side")
    yield Shot("dashboard-wide", f"{page}five_kernels", width=2560, height=1300)
    if traces:
        yield Shot("dashboard-traces", "traces")


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
    recorded = any(SAMPLES.glob("*/*/meta.json"))
    with serving() as address, chromium() as browser:
        for shot in shots(recorded):
            photograph(browser, address, shot)
    print(f"{IMAGES}: {len(list(IMAGES.glob('dashboard*.png')))} pictures")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except TimelineError as error:
        print(f"screenshots: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
