"""Photograph the dashboard in Chromium: ``docs/images/dashboard*.png``.

The traces shown are those of ``samples/``; the page of a technique and the ranks are simulated.
Names of pictures as arguments draw those alone.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from timeline.backends import RunOptions
from timeline.backends.sim import SimBackend
from timeline.errors import TimelineError, UnavailableError
from timeline.techniques import technique
from timeline.trace import Trace
from timeline.ui.serving import serving

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SAMPLES = ROOT / "samples"
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
READY = "[data-testid=stApp][data-test-script-state=notRunning]"
DRAWN = ".js-plotly-plot .barlayer path"
SHOWN = {"open": "[data-testid=stPageLink]", "timeline": ".timeline[data-state=exact]"}
"""What a page shows when it is there, of those that show no chart."""


SETTLED_MS, PATIENCE_MS = 4000, 120_000


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
    address: str = "timeline"
    scheme: str = "light"
    width: int = 1440
    height: int = 900


TECHNIQUE = (
    "techniques?technique=three_way_overlap"
    "&three_way_overlap.total_mib=64&three_way_overlap.chunks=16"
)
RANKS = "ranks"
"""Stands for the ranks of a simulated job."""

SHOTS = (
    Shot("dashboard", "three_way_overlap/depth_first"),
    Shot("dashboard-dark", "pdl/pdl", scheme="dark", height=1000),
    Shot("dashboard-technique", address=TECHNIQUE),
    Shot("dashboard-open", address="open"),
    Shot("dashboard-overview", "three_way_overlap/depth_first", "overview", height=1400),
    Shot("dashboard-findings", "pinned_vs_pageable/pageable", "findings"),
    Shot("dashboard-whatif", "pinned_vs_pageable/pageable", "whatif?fix=pin_copies", height=1000),
    Shot("dashboard-compare", "pinned_vs_pageable", "compare", height=1000),
    Shot("dashboard-ranks", RANKS, "ranks", height=1000),
)


def photograph(browser: Any, address: str, shot: Shot) -> None:
    """Open the page, wait until it is drawn, and save what it looks like."""
    page = browser.new_page(
        viewport={"width": shot.width, "height": shot.height},
        color_scheme=shot.scheme,
        reduced_motion="reduce",
    )
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{address}/{shot.address}")
    page.wait_for_selector(SHOWN.get(shot.address, DRAWN))
    page.wait_for_selector(READY)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(SETTLED_MS)  # Streamlit fades new elements in, and loads tables late
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


@contextmanager
def places(shot: Shot) -> Iterator[list[Path]]:
    """The traces that the page is given."""
    if shot.trace != RANKS:
        yield [SAMPLES / shot.trace] if shot.trace else []
        return
    with tempfile.TemporaryDirectory() as folder:
        for rank, trace in enumerate(simulated_ranks()):
            trace.save(Path(folder) / f"rank{rank}")
        yield [Path(folder)]


def simulated_ranks() -> Iterator[Trace]:
    """Eight ranks of one job on the simulator, of which the sixth computes for longer."""
    for rank in range(8):
        iters = 2816 if rank != 5 else 3400
        program = technique("three_way_overlap").program(
            "depth_first", total_mib=64, chunks=16, iters=iters
        )
        yield SimBackend(device="h200").run(program, RunOptions(repeat=1, verify=False))


def wanted(names: list[str]) -> list[Shot]:
    """The pictures of these names; all of them without any."""
    return [shot for shot in SHOTS if shot.name in names or not names]


def main(names: list[str]) -> int:
    """Draw everything, or what is named."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for shot in wanted(names):
            with places(shot) as traces, serving(traces) as address:
                photograph(browser, address, shot)
            print(IMAGES / f"{shot.name}.png")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except TimelineError as error:
        print(f"screenshots: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
