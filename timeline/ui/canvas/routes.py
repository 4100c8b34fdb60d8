"""The route that serves tiles and what is asked of them, beside Streamlit's own.

It lies outside Streamlit's sessions, so every request carries a token that a session was given for
one trace (:mod:`timeline.ui.canvas.grants`), in a header that no other site's page can set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from streamlit import config

from timeline.errors import TimelineError, UsageError
from timeline.tiles.encode import encoded
from timeline.ui.canvas.grants import GRANTS
from timeline.ui.canvas.manifest import manifest
from timeline.ui.canvas.shown import Shown

__all__ = ["HEADER", "place", "routes"]

HEADER = "x-timeline-token"
_MOST_ROWS, _MOST_NAMES, _HIGHEST = 512, 512, 53
_PLAIN = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
# Compressing costs more than sending to this very machine.
_BINARY = {**_PLAIN, "Content-Encoding": "identity"}

Query = Mapping[str, str]
Answer = Callable[[Shown, Query], Response]


def place() -> str:
    """Path of the route, below the path that Streamlit was given."""
    base = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}/timeline-data" if base else "/timeline-data"


def routes() -> list[Route]:
    """For ``st.App``."""
    return [Route(f"{place()}/{{what}}", _answer, methods=["GET"])]


def _answer(request: Request) -> Response:
    # Not async: Starlette runs it in a thread, so that no request waits for another's computing.
    shown = GRANTS.shown(request.headers.get(HEADER, ""))
    if shown is None:
        return _refusal("this page's access has ended; load it again", 403)
    answer = _ANSWERS.get(request.path_params["what"])
    if answer is None:
        return _refusal("nothing of that name is served here", 404)
    try:
        return answer(shown, request.query_params)
    except TimelineError as error:
        return _refusal(str(error), 400)


def _refusal(words: str, status: int) -> Response:
    return JSONResponse({"error": words}, status, _PLAIN)


def _json(content: Any) -> Response:
    return JSONResponse(content, headers=_PLAIN)


def _manifest(shown: Shown, _query: Query) -> Response:
    return _json(manifest(shown))


def _tile(shown: Shown, query: Query) -> Response:
    level, rows = _integer(query, "level"), _integers(query, "rows", _MOST_ROWS)
    if not 0 <= level <= _HIGHEST:
        raise UsageError(f"level {level}: levels go from 0 to {_HIGHEST}")
    if not all(0 <= row < len(shown.index.rows) for row in rows):
        raise UsageError("no such row in this trace; load the page again")
    content = encoded(shown.index, rows, level, _integer(query, "index"))
    return Response(content, headers=_BINARY, media_type="application/octet-stream")


def _names(shown: Shown, query: Query) -> Response:
    table = query.get("table", "")
    if table not in shown.index.names:
        raise UsageError("no names of such a table; load the page again")
    return _json(shown.texts(table, _integers(query, "codes", _MOST_NAMES)))


_ANSWERS: Mapping[str, Answer] = {"manifest": _manifest, "tile": _tile, "names": _names}


def _integer(query: Query, name: str) -> int:
    text = query.get(name, "")
    try:
        found = int(text)
    except ValueError:
        found = None
    if found is None or abs(found) > 1 << _HIGHEST:
        raise UsageError(f"{name}: expected a whole number below 2**{_HIGHEST}")
    return found


def _integers(query: Query, name: str, most: int) -> list[int]:
    texts = query.get(name, "").split(",")
    if len(texts) > most:
        raise UsageError(f"{name}: {len(texts)} numbers; at most {most} at once")
    return [_integer({name: text}, name) for text in texts]
