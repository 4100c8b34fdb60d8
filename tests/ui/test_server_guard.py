"""What the dashboard's server answers, and to whom."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from timeline.ui.serving import serving

SECRET = "nobody may read this"

Answer = tuple[int, bytes]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "secret.txt").write_text(SECRET)
    sample = Path(__file__).resolve().parents[2] / "samples" / "pdl" / "pdl"
    with serving([sample], folder / "log") as found:
        parts = urlsplit(found)
        yield str(parts.hostname), int(parts.port or 0)


def asked(
    address: tuple[str, int], path: str, method: str = "GET", **headers: str | None
) -> Answer:
    """The answer to a request whose path is sent as it is."""
    connection = http.client.HTTPConnection(*address, timeout=20)
    host = headers.pop("host", f"{address[0]}:{address[1]}")
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", str(host))
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), str(value))
    connection.endheaders()
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def test_only_this_machine_can_connect(address: tuple[str, int]) -> None:
    own = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for other in own - {"127.0.0.1"}:
        with socket.socket() as probe:
            probe.settimeout(2)
            assert probe.connect_ex((other, address[1])) != 0
    assert asked(address, "/")[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.test", "evil.test:8501", "127.0.0.1.evil.test", "localhost.evil.test", ""]
)
@pytest.mark.parametrize("path", ["/", "/timeline-data/manifest", "/_stcore/host-config"])
def test_another_name_for_this_machine_is_refused(
    address: tuple[str, int], path: str, host: str
) -> None:
    assert asked(address, path, host=host)[0] == 400


def test_this_machine_s_own_names_are_answered(address: tuple[str, int]) -> None:
    for host in ("127.0.0.1", "localhost", f"localhost:{address[1]}"):
        assert asked(address, "/", host=host)[0] == 200


UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.mark.parametrize("origin", ["http://evil.test", "null", "http://127.0.0.1.evil.test:8501"])
def test_a_page_of_another_site_gets_no_session(address: tuple[str, int], origin: str) -> None:
    assert asked(address, "/_stcore/stream", **UPGRADE, Origin=origin)[0] == 403


def test_files_can_t_be_sent_without_the_token(address: tuple[str, int]) -> None:
    status, _ = asked(address, "/_stcore/upload_file/s/f", "PUT", Content_Length="0")
    assert status in (400, 403)
    status, _ = asked(address, "/_stcore/upload_file/s/f", "DELETE")
    assert status in (400, 403)


def test_no_other_program_drives_the_pages(address: tuple[str, int]) -> None:
    for path in ("/_stcore/agent/interact", "/_stcore/agent/mcp"):
        status, body = asked(
            address, path, "POST", Content_Type="application/json", Content_Length="0"
        )
        assert status >= 400, path
        assert b"enableAgentApi" in body, path


ROUTES = ("", "/timeline-data", "/media", "/static", "/component", "/app/static", "/_stcore")
ESCAPES = (
    *("/../../../../../../etc/passwd", "/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd"),
    *("/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/....//....//....//etc/passwd"),
    *("/..\\..\\..\\etc\\passwd", "//etc/passwd", "/%2fetc%2fpasswd", "/etc/passwd%00.png"),
    *("/..%252f..%252f..%252fetc%252fpasswd", "/..%c0%af..%c0%afetc%c0%afpasswd"),
)


@pytest.mark.parametrize("route", ROUTES)
def test_no_file_outside_is_served(address: tuple[str, int], route: str) -> None:
    page = asked(address, "/")[1]
    for escape in ESCAPES:
        status, body = asked(address, route + escape)
        assert b"root:" not in body, route + escape
        assert status >= 400 or body == page, (route + escape, status)


def test_the_data_route_answers_to_tokens_alone(address: tuple[str, int]) -> None:
    for path in ("manifest", "tile?level=1&index=0&rows=0", "details?track=0&place=0", "nothing"):
        status, body = asked(address, f"/timeline-data/{path}", x_timeline_token="guess")
        assert status == 403
        assert json.loads(body)["error"].startswith("this page's access has ended")
    assert asked(address, "/timeline-data/manifest", "POST")[0] == 405
