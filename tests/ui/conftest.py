import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from timeline.trace import Device, Meta, Trace, table
from timeline.ui.serving import serving

CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
HOSTILE = '<img src=x onerror="window.hacked=1"><b>kernel</b> ![](x) %{x} & :red[y]'


def hostile_trace() -> Trace:
    rows = {
        "kind": ["kernel", "memcpy"],
        "name": [HOSTILE, "Memcpy HtoD"],
        "start": [1_000, 3_000],
        "end": [61_000, 90_000],
        "device": [0, 0],
        "stream": [7, 8],
        "engine": ["SM", "H2D"],
        "correlation": [1, 2],
        "bytes": [None, 4096],
        "copy_kind": [None, "HtoD"],
    }
    meta = Meta("cupti", devices=(Device(0, HOSTILE),), labels={"script": HOSTILE}, dropped=3)
    return Trace.from_tables(meta, {"activities": table("activities", rows)})


@pytest.fixture(scope="session")
def hostile_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile_trace().save(tmp_path_factory.mktemp("traces") / "hostile")


@pytest.fixture(scope="session")
def dashboard(hostile_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a dashboard that was given a hostile trace."""
    with serving([hostile_folder], tmp_path_factory.mktemp("server") / "log") as address:
        yield address


def program_of(playwright: Any) -> str | None:
    """The system's Chromium, or the one that Playwright installed."""
    own = playwright.chromium.executable_path
    return next((path for path in (*CHROMIUM, own) if shutil.which(path)), None)


def without_browser(missing: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A real Chromium; with CI=true its absence is a failure."""
    if importlib.util.find_spec("playwright") is None:
        without_browser("playwright is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        program = program_of(playwright)
        if program is None:
            without_browser("no Chromium; on Debian: apt-get install chromium")
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()
