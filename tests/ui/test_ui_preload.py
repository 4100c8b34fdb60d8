"""The Timeline page names the scripts that it is going to need, all of which are there."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import streamlit as st

from timeline.ui.preload import ELEMENTS, Preload, needed

STATIC = Path(st.__file__).parent / "static"


def names() -> list[str]:
    return [part.split(">")[0].removeprefix("<./static/js/") for part in needed().split(", ")]


def test_every_script_is_one_of_streamlit() -> None:
    there = {path.name for path in (STATIC / "static" / "js").iterdir()}
    assert set(names()) <= there
    assert len(names()) == len(set(names())), "each once"
    for element in ELEMENTS:
        assert any(name.startswith(f"{element}.") for name in names()), element


def test_what_the_page_names_itself_is_not_named_again() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert not [name for name in names() if name in page]


def links(path: str, kind: bytes) -> list[bytes]:
    """The Link headers that an answer of this kind gets."""
    sent: list[Any] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-type", kind)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def keep(message: Any) -> None:
        sent.append(message)

    async def nothing() -> Any:
        raise AssertionError("nobody asks")

    with ThreadPoolExecutor(1) as apart:  # a page of Playwright may hold this thread\'s loop
        apart.submit(
            asyncio.run, Preload(app)({"type": "http", "path": path}, nothing, keep)
        ).result()
    return [value for name, value in sent[0]["headers"] if name == b"link"]


def test_only_the_timeline_page_tells_them() -> None:
    assert links("/timeline", b"text/html; charset=utf-8") == [needed().encode()]
    assert links("/base/timeline", b"text/html") == [needed().encode()]
    assert not links("/overview", b"text/html")
    assert not links("/timeline-data/tile", b"application/octet-stream")
    assert not links("/static/js/timeline", b"text/javascript")
