import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
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


@pytest.fixture
def empty() -> Trace:
    """A trace without a single row."""
    return Trace.from_tables(Meta("cupti"), {})


@pytest.fixture
def bare() -> Trace:
    """Kernels alone: no API calls, ranges, streams or correlation ids."""
    rows = {"kind": ["kernel"] * 2, "name": ["a", "b"], "start": [0, 50], "end": [40, 90]}
    rows |= {"device": [0, 0], "engine": ["SM", "SM"]}
    return Trace.from_tables(Meta("cupti"), {"activities": table("activities", rows)})


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Run a page by its name, at an address given as keywords."""
    testing = pytest.importorskip("streamlit.testing.v1")
    # Pages wait for their traces instead of coming back, which only a browser asks them to.
    monkeypatch.setattr("timeline.ui.waiting._AT_ONCE_S", 60.0)

    def shown(name: str, **query: str) -> Any:
        script = f"from timeline.ui.{name}_page import page\npage()\n"
        test = testing.AppTest.from_string(script, default_timeout=60)
        for key, value in query.items():
            test.query_params[key] = value
        return test.run()

    # A page leaves its script as __main__, which every process started later would run.
    main = sys.modules["__main__"]
    yield shown
    sys.modules["__main__"] = main


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Name traces on the command line, and let there be no samples."""

    def name(*places: Path) -> None:
        monkeypatch.setattr("sys.argv", ["script.py", *map(str, places)])
        for module in ("library", "open_page"):
            monkeypatch.setattr(f"timeline.ui.{module}.samples_folder", lambda: None)

    return name


def _sound(test: Any) -> Any:
    assert not test.exception
    assert not test.error
    return test


@pytest.fixture
def sound() -> Callable[[Any], Any]:
    """A page that was run, without an error on it."""
    return _sound


@pytest.fixture
def words() -> Callable[[Any], str]:
    """The HTML of a sound page."""
    return lambda test: " ".join(block.value for block in _sound(test).get("html"))


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
