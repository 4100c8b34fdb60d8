"""The route that serves tiles and what is asked of them, beside Streamlit's own.

It lies outside Streamlit's sessions, so every request carries a token that a session was given for
one trace (:mod:`timeline.ui.canvas.grants`), in a header that no other site's page can set.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from streamlit import config

from timeline.errors import TimelineError, UsageError
from timeline.tiles import measures
from timeline.tiles.encode import encoded
from timeline.tiles.hits import encoded_hits
from timeline.tiles.search import Bools, found, matches
from timeline.ui.canvas.details import brief, details
from timeline.ui.canvas.exports import Part, exported
from timeline.ui.canvas.grants import GRANTS
from timeline.ui.canvas.idle import job_of
from timeline.ui.canvas.manifest import MOST_NAMES, manifest
from timeline.ui.canvas.shown import Shown

__all__ = ["HEADER", "place", "routes"]

HEADER = "x-timeline-token"
_MOST_ROWS, _MOST_NAMES, _HIGHEST, _LONGEST_TEXT = 512, 512, 53, 400
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


def _binary(content: bytes) -> Response:
    return Response(content, headers=_BINARY, media_type="application/octet-stream")


def _manifest(shown: Shown, _query: Query) -> Response:
    return _json(manifest(shown))


def _tile(shown: Shown, query: Query) -> Response:
    level, rows, place = _tile_asked(shown, query)
    return _binary(encoded(shown.index, rows, level, place))


def _tile_asked(shown: Shown, query: Query) -> tuple[int, list[int], int]:
    """Level, rows and number of a tile."""
    level, rows = _integer(query, "level"), _integers(query, "rows", _MOST_ROWS)
    if not 0 <= level <= _HIGHEST:
        raise UsageError(f"level {level}: levels go from 0 to {_HIGHEST}")
    if not all(0 <= row < len(shown.index.rows) for row in rows):
        raise UsageError("no such row in this trace; load the page again")
    return level, rows, _integer(query, "index")


def _names(shown: Shown, query: Query) -> Response:
    table = query.get("table", "")
    if table not in shown.index.names:
        raise UsageError("no names of such a table; load the page again")
    return _json(shown.texts(table, _integers(query, "codes", _MOST_NAMES)))


def _details(shown: Shown, query: Query) -> Response:
    return _json(details(shown, _integer(query, "track"), _integer(query, "place")))


def _measures(shown: Shown, query: Query) -> Response:
    return _json(measures(shown.index, _integer(query, "start"), _integer(query, "end")))


def _search(shown: Shown, query: Query) -> Response:
    since = (_integer(query, "start"), _integer(query, "track"), _integer(query, "place"))
    back = query.get("back") == "yes"
    text = _text(query)
    hit = found(shown.index, text, since, back=back)
    item = None if hit.at is None else brief(shown, hit.at[1], hit.at[2])
    at = item and {"track": item["track"], "place": item["place"]}
    codes = {table: _bits(own) for table, own in matches(shown.index, text).by_table.items()}
    return _json({"count": hit.count, "at": at, "item": item, "codes": codes})


def _bits(flags: Bools) -> str:
    """In base 64; of the first names only, where they are very many."""
    return b64encode(np.packbits(flags[:MOST_NAMES], bitorder="little").tobytes()).decode()


def _text(query: Query) -> str:
    return query.get("text", "")[:_LONGEST_TEXT]


def _hits(shown: Shown, query: Query) -> Response:
    level, rows, place = _tile_asked(shown, query)
    content = encoded_hits(shown.index, rows, _text(query), level, place)
    return _binary(content)


def _idle(shown: Shown, query: Query) -> Response:
    index = shown.index
    job = job_of(index)
    if query.get("begin") == "yes":
        job.begin(index, shown.trace)
    return _json(job.state(index))


def _export(shown: Shown, query: Query) -> Response:
    spanned = "start" in query or "end" in query
    part = Part(
        (_integer(query, "start"), _integer(query, "end")) if spanned else None,
        tuple(_integers(query, "devices", _MOST_ROWS)) if query.get("devices") else None,
        streams=query.get("by") == "stream",
        host=query.get("host") != "no",
        stamps=query.get("stamps") != "no",
        theme=query.get("theme", "light"),
    )
    content, kind = exported(shown, query.get("form", ""), part)
    return Response(content, headers=_BINARY, media_type=kind)


_ANSWERS: Mapping[str, Answer] = {
    "manifest": _manifest,
    "tile": _tile,
    "names": _names,
    "details": _details,
    "measures": _measures,
    "search": _search,
    "hits": _hits,
    "idle": _idle,
    "export": _export,
}


def _integer(query: Query, name: str) -> int:
    text = query.get(name, "")
    try:
        value = int(text)
    except ValueError:
        value = None
    if value is None or abs(value) > 1 << _HIGHEST:
        raise UsageError(f"{name}: expected a whole number below 2**{_HIGHEST}")
    return value


def _integers(query: Query, name: str, most: int) -> list[int]:
    texts = query.get(name, "").split(",")
    if len(texts) > most:
        raise UsageError(f"{name}: {len(texts)} numbers; at most {most} at once")
    return [_integer({name: text}, name) for text in texts]
