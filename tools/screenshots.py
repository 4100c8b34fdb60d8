"""Photograph the dashboard in Chromium: ``docs/images/dashboard*.png``.

The traces shown are those of ``samples/``; the page of a technique is simulated.
"""

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
    """A picture of a page.

    Attributes
    ----------
    trace : str
        The sample that the page shows; empty for a page of its own.
    """

    name: str
    trace: str = ""
    address: str = "traces"
    scheme: str = "light"
    width: int = 1440
    height: int = 900


TECHNIQUE = (
    "techniques?technique=three_way_overlap"
    "&three_way_overlap.total_mib=64&three_way_overlap.chunks=16"
)
SHOTS = (
    Shot("dashboard", "three_way_overlap/depth_first"),
    Shot("dashboard-dark", "pdl/pdl", scheme="dark", height=1000),
    Shot("dashboard-technique", address=TECHNIQUE),
)


def photograph(browser: Any, address: str, shot: Shot) -> None:
    """Open the page, wait until it is drawn, and save what it looks like."""
    page = browser.new_page(
        viewport={"width": shot.width, "height": shot.height},
        color_scheme=shot.scheme,
        reduced_motion="reduce",
    )
    page.goto(f"{address}/{shot.address}")
    page.wait_for_selector(DRAWN)
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
    with chromium() as browser:
        for shot in SHOTS:
            with serving([SAMPLES / shot.trace] if shot.trace else []) as address:
                photograph(browser, address, shot)
            print(IMAGES / f"{shot.name}.png")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except TimelineError as error:
        print(f"screenshots: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
