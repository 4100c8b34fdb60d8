"""The stylesheet in the page itself: nothing moves because an element brings it along later."""

from __future__ import annotations

from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Styled"]

_END = b"</body>"
# After the head, where Streamlit's own styles are: of equal rules the later one holds.
_STALE = ("etag", "last-modified")
"""What these say is of the page as Streamlit ships it."""


class Styled:
    """Middleware of ``st.App`` that adds ``style.css`` to every page that it serves."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        text = Path(__file__).with_name("style.css").read_bytes()
        self.style = b"<style>" + text + b"</style>"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything through; change pages."""
        if scope["type"] == "http" and b"text/html" in dict(scope["headers"]).get(b"accept", b""):
            plain = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
            await self.app({**scope, "headers": plain}, receive, _Page(send, self.style))
        else:
            await self.app(scope, receive, send)


class _Page:
    """One answer: kept back until it is whole if it is a page."""

    def __init__(self, send: Send, style: bytes) -> None:
        self.send, self.style = send, style
        self.start: Message | None = None
        self.body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            self.start = message
        elif self.start is None:
            await self.send(message)
        else:
            self.body += message.get("body", b"")
            if not message.get("more_body"):
                await self._done(self.start)

    async def _done(self, start: Message) -> None:
        body = self.body.replace(_END, self.style + _END, 1)
        headers = MutableHeaders(scope=start)
        headers["content-length"] = str(len(body))
        for name in _STALE:
            del headers[name]
        await self.send(start)
        await self.send({"type": "http.response.body", "body": body})


def _is_page(start: Message) -> bool:
    headers = MutableHeaders(scope=start)
    return headers.get("content-type", "").startswith("text/html")
