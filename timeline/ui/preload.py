"""Telling the browser at once which parts of Streamlit's page the dashboard is going to need.

Streamlit's page is made of some hundred scripts and asks for those of an element when the first one
of its kind comes, one after the other has been read: after the script has run, and before anything
is seen. Named in a header of the page itself, they come while the browser is still starting.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Preload", "needed"]

PAGE = "/timeline"
ELEMENTS = ("BidiComponent", "Html", "Selectbox", "PageLink")
"""What the scripts are called of the elements that the Timeline page has."""

_IMPORTED = re.compile(r"""(?:from|import)\s*["']\./([\w.-]+\.js)["']""")


class Preload:
    """Adds the header to the Timeline page, if this Streamlit has scripts of such names."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                page = headers.get("content-type", "").startswith("text/html")
                if page and scope["path"].endswith(PAGE) and needed():
                    headers.append("Link", needed())
            await send(message)

        await self._app(scope, receive, told if scope["type"] == "http" else send)


@cache
def needed() -> str:
    """The header's value."""
    folder = Path(st.__file__).parent / "static" / "static" / "js"
    first = [path.name for name in ELEMENTS for path in sorted(folder.glob(f"{name}.*.js"))]
    names = dict.fromkeys(_with_imports(folder, first))
    return ", ".join(f"<./static/js/{name}>; rel=modulepreload" for name in names)


def _with_imports(folder: Path, names: Iterable[str]) -> Iterator[str]:
    """Scripts and all that they import, but for what the page itself names."""
    page = (folder.parents[1] / "index.html").read_text(encoding="utf-8")
    seen = set(re.findall(r"/js/([\w.-]+\.js)", page))
    todo = [name for name in names if name not in seen]
    while todo:
        name = todo.pop()
        path = folder / name
        if name in seen or not path.is_file():
            continue
        seen.add(name)
        yield name
        todo += _IMPORTED.findall(path.read_text(encoding="utf-8"))
