"""The route beside Streamlit's: what it answers, and to whom."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.requests import Request
from starlette.responses import Response

from timeline.trace import Trace
from timeline.ui.canvas.details import details
from timeline.ui.canvas.grants import GRANTS
from timeline.ui.canvas.idle import job_of
from timeline.ui.canvas.manifest import inlined
from timeline.ui.canvas.routes import HEADER, routes
from timeline.ui.canvas.shown import Shown

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "three_way_overlap" / "depth_first"


@pytest.fixture(scope="module")
def shown() -> Shown:
    return Shown("sample", Trace.load(SAMPLE))


@pytest.fixture
def token(shown: Shown) -> str:
    return GRANTS.token("session", "key", shown, lambda _: True)


def ask(what: str, token: str, **query: Any) -> Response:
    scope = {
        "type": "http",
        "method": "GET",
        "headers": [(HEADER.encode(), token.encode())],
        "path_params": {"what": what},
        "query_string": urlencode(query).encode(),
    }
    (route,) = routes()
    answer: Response = route.endpoint(Request(scope))
    return answer


def answer(what: str, token: str, **query: Any) -> Any:
    return json.loads(bytes(ask(what, token, **query).body))


def test_a_search_brings_the_details_of_its_hit(shown: Shown, token: str) -> None:
    told = answer("search", token, text="memcpy", start=-1, track=-1, place=-1)
    track, place = told["at"]["track"], told["at"]["place"]
    assert told["item"]["whole"]
    del told["item"]["whole"]
    assert told["item"] == json.loads(json.dumps(details(shown, track, place)))


def test_a_search_tells_which_names_match(shown: Shown, token: str) -> None:
    told = answer("search", token, text="memcpy", start=-1, track=-1, place=-1)
    for table, names in shown.index.names.items():
        bits = base64.b64decode(told["codes"][table])
        for code, name in enumerate(names.to_pylist()):
            assert bool(bits[code >> 3] >> (code & 7) & 1) == ("memcpy" in name.lower())


def test_nothing_found_is_said_so(token: str) -> None:
    told = answer("search", token, text="no such name", start=-1, track=-1, place=-1)
    assert (told["count"], told["at"], told["item"]) == (0, None, None)


def test_the_page_is_given_the_manifest_that_it_would_ask_for(shown: Shown, token: str) -> None:
    assert json.loads(json.dumps(inlined(shown)["manifest"])) == answer("manifest", token)
    assert answer("manifest", token)["title"] == "sample"


def test_idle_time_is_worked_out_when_somebody_wants_it(shown: Shown, token: str) -> None:
    found = answer("manifest", token)
    lazy = [lane for group in found["groups"] for lane in group["lanes"] if lane.get("lazy")]
    assert [lane["key"] for lane in lazy] == ["gpu0/idle/SM", "gpu0/idle/H2D", "gpu0/idle/D2H"]
    rows = ",".join(str(row["row"]) for lane in lazy for row in lane["rows"])
    assert answer("idle", token)["state"] == "none"
    empty = ask("tile", token, rows=rows, level=20, index=0).body
    assert answer("idle", token, begin="yes")["state"] in ("building", "ready")
    job_of(shown.index).wait()
    told = answer("idle", token)
    assert told == {"state": "ready", "done": told["total"], "total": told["total"], "why": ""}
    assert len(ask("tile", token, rows=rows, level=20, index=0).body) > len(empty)
    assert len(found["causes"]) == 9


def test_hits_of_a_tile_are_told_as_bytes(token: str) -> None:
    content = ask("hits", token, text="memcpy", rows="0,1,2", level=20, index=0)
    assert content.media_type == "application/octet-stream"
    assert bytes(content.body)[:8] == b"\x03\0\0\0\0\0\0\0"


@pytest.mark.parametrize(
    ("what", "query", "status"),
    [
        ("tile", {"rows": "99999", "level": 1, "index": 0}, 400),
        ("hits", {"text": "x", "rows": "0", "level": 77, "index": 0}, 400),
        ("hits", {"text": "x", "rows": "zero", "level": 7, "index": 0}, 400),
        ("search", {"text": "x"}, 400),
        ("nothing", {}, 404),
    ],
)
def test_what_makes_no_sense_is_refused(
    token: str, what: str, query: dict[str, Any], status: int
) -> None:
    refused = ask(what, token, **query)
    assert refused.status_code == status
    assert json.loads(bytes(refused.body))["error"]


def test_without_a_token_nothing_is_told() -> None:
    for what in ("manifest", "tile", "search", "idle", "hits"):
        assert ask(what, "not a token").status_code == 403
