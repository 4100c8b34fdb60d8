"""A report and pictures as files, full of hostile names, in a real Chromium: nothing runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from timeline.cli import main
from timeline.trace import Trace

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def watched(chromium: Any) -> Iterator[tuple[Any, list[str]]]:
    """A page, and what happened on it that no text does."""
    happened: list[str] = []
    context = chromium.new_context()
    context.expose_function("hacked", lambda *_: happened.append("script"))

    def refused(route: Any) -> None:
        happened.append(route.request.url)
        route.abort()

    context.route(re.compile("^https?:"), refused)
    page = context.new_page()
    page.on("dialog", lambda dialog: happened.append("dialog"))
    yield page, happened
    context.close()


def test_the_watch_sees_what_the_names_would_do(
    watched: tuple[Any, list[str]], hostile_names: dict[str, list[str]]
) -> None:
    page, happened = watched
    for payload in ("<img src=x onerror=hacked()>", "<img src=http://evil.test/x.png>"):
        assert payload in hostile_names["xss"]
        page.set_content(payload)
        page.wait_for_timeout(500)
    assert {"script", "http://evil.test/x.png"} <= set(happened)


@pytest.mark.parametrize("suffix", ["report.html", "gantt.html", "gantt.svg"])
def test_no_name_runs_in_a_file(
    watched: tuple[Any, list[str]],
    hostile_names: dict[str, list[str]],
    named_trace: Callable[[list[str]], Trace],
    tmp_path: Path,
    suffix: str,
) -> None:
    page, happened = watched
    names = [name for kind in hostile_names.values() for name in kind]
    trace = named_trace(names).save(tmp_path / "<img src=x onerror=hacked()>")
    target = tmp_path / suffix
    command = (
        ["report", str(trace), "--html", str(target)]
        if suffix == "report.html"
        else ["gantt", str(trace), "-o", str(target)]
    )
    assert main(command) == 0
    page.goto(target.as_uri())
    page.wait_for_timeout(1500)
    for place in range(0, 600, 60):
        page.mouse.move(200 + place, 100 + place)
    page.wait_for_timeout(300)
    assert happened == []
    assert page.url == target.as_uri()
