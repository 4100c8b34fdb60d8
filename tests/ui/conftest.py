import contextlib
import importlib
import importlib.util
import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from timeline.trace import Device, Meta, Trace, table
from timeline.ui.serving import serving

with contextlib.suppress(ImportError):
    # Whole and once, before a test's thread of a page, or a filter of warnings, stops halfway.
    importlib.import_module("pandas")

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


@pytest.fixture(scope="session")
def contexts(chromium: Any) -> Iterator[dict[str, Any]]:
    """One browser profile for each colour scheme; pages of one share its cache."""
    found = {
        scheme: chromium.new_context(
            viewport={"width": 1280, "height": 1000}, color_scheme=scheme, reduced_motion="reduce"
        )
        for scheme in ("light", "dark")
    }
    yield found
    for context in found.values():
        context.close()


def _opened(context: Any) -> Iterator[Any]:
    page = context.new_page()
    page.set_default_timeout(60_000)
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    page.close()
    here = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")
    assert [url for url in asked if not url.startswith(here)] == []
    assert wrong == []


@pytest.fixture
def page(contexts: dict[str, Any]) -> Iterator[Any]:
    """A page that may ask nothing of any other machine, and that has no errors."""
    yield from _opened(contexts["light"])


@pytest.fixture
def dark_page(contexts: dict[str, Any]) -> Iterator[Any]:
    """The same in the dark."""
    yield from _opened(contexts["dark"])


class Stage:
    """The interactive timeline on a page."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def open(self, address: str, **query: str) -> Any:
        """Go to the timeline; returns its root element once the picture is exact."""
        more = "".join(f"&{name}={value}" for name, value in query.items())
        self.page.goto(f"{address}/timeline?part=Timeline{more}")
        return self.settled()

    def settled(self) -> Any:
        self.page.wait_for_selector(".timeline[data-state=exact]")
        return self.page.locator(".timeline").first

    def ask(self, script: str, argument: Any = None) -> Any:
        """What an expression over ``t``, the timeline, is."""
        root = self.page.locator(".timeline").first
        return root.evaluate(
            f"(root, argument) => {{ const t = root.timeline; {script} }}", argument
        )

    def until(self, condition: str) -> None:
        """Wait for a condition over ``t``."""
        root = self.page.locator(".timeline").first.element_handle()
        self.page.wait_for_function(
            f"root => {{ const t = root.timeline; return {condition}; }}", arg=root
        )

    def visible(self) -> dict[str, dict[str, Any]]:
        """What is in view, by the lane's key."""
        return {lane["key"]: lane for lane in self.ask("return t.inView.visible()")}

    def view(self) -> tuple[float, float]:
        start, end = self.ask("return [t.view.start, t.view.end]")
        return start, end

    def line(self, key: str) -> dict[str, Any]:
        """Where a lane lies on the page: its box."""
        box = self.page.locator(".stage").bounding_box()
        y, height = self.ask(
            "const line = t.scene.lines.find(({ key }) => key === argument);"
            "return [line.y - t.top, line.height]",
            key,
        )
        return {"x": box["x"], "y": box["y"] + 26 + y, "width": box["width"], "height": height}

    def pixels(self) -> Any:
        """The canvas as it is on the screen, rows of RGB."""
        from PIL import Image

        shot = self.page.locator(".stage canvas").screenshot()
        return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"))

    def share_of(self, colour: str) -> float:
        """Part of the canvas that has exactly this colour."""
        wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        return float((self.pixels() == wanted).all(axis=2).mean())

    def press(self, *keys: str) -> None:
        """Press keys on the stage."""
        self.page.locator(".stage").focus()
        for key in keys:
            self.page.keyboard.press(key)


@pytest.fixture
def stage(page: Any) -> Stage:
    """The timeline of a light page."""
    return Stage(page)


@pytest.fixture
def dark_stage(dark_page: Any) -> Stage:
    """The timeline of a dark one."""
    return Stage(dark_page)


@pytest.fixture
def axe() -> Callable[[Any], list[tuple[str, str]]]:
    """What axe-core finds on a page that is serious or critical."""
    found = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

    def grave(page: Any) -> list[tuple[str, str]]:
        violations = found.run(page).response["violations"]
        bad = [each for each in violations if each["impact"] in ("serious", "critical")]
        return [(each["id"], each["nodes"][0]["html"]) for each in bad]

    return grave
