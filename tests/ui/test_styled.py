"""Every page comes with its style; everything else passes through as it was."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("streamlit")

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from timeline.ui.styled import Styled

PAGE = "<html><head><title>x</title></head><body><p>x</p></body></html>"


def page(_request: Request) -> Response:
    return HTMLResponse(PAGE, headers={"etag": '"1"'})


def slow(_request: Request) -> Response:
    def parts() -> Iterator[str]:
        yield PAGE[:20]
        yield PAGE[20:]

    return StreamingResponse(parts(), media_type="text/html")


def data(_request: Request) -> Response:
    return Response("</body>", media_type="text/plain", headers={"etag": '"2"'})


ROUTES = [Route("/page", page), Route("/slow", slow), Route("/data", data)]


def answer(place: str) -> tuple[str, Headers]:
    """Body and headers of a GET, as the server would get them."""
    sent: list[Any] = []

    async def receive() -> dict[str, str]:
        await asyncio.sleep(10)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"accept", b"text/html,*/*"), (b"accept-encoding", b"gzip, br")]
    scope = {"type": "http", "method": "GET", "path": place, "query_string": b""}
    packed = Middleware(GZipMiddleware, minimum_size=1)
    app = Starlette(routes=ROUTES, middleware=[Middleware(Styled), packed])
    with ThreadPoolExecutor(1) as apart:  # a page of Playwright may hold this thread\'s loop
        apart.submit(asyncio.run, app({**scope, "headers": headers}, receive, send)).result()
    body = b"".join(message.get("body", b"") for message in sent)
    return body.decode(), Headers(raw=sent[0]["headers"])


@pytest.mark.parametrize("place", ["/page", "/slow"])
def test_a_page_has_the_style_once_at_its_end(place: str) -> None:
    text, headers = answer(place)
    head, style, rest = text.partition("<style>")
    assert head == "<html><head><title>x</title></head><body><p>x</p>"
    assert rest.endswith("</style></body></html>")
    assert rest.count("</style>") == 1
    assert style
    assert ".block-container" in rest
    assert "etag" not in headers
    assert int(headers["content-length"]) == len(text.encode())


def test_other_answers_stay_as_they_are() -> None:
    text, headers = answer("/data")
    assert text == "</body>"
    assert headers["etag"] == '"2"'
