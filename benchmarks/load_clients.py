"""Sessions without a browser, for :mod:`benchmarks.load`: each with its WebSocket and its token.

A session asks for what a real one asked for when it was moved about, as many at once as that does
(four), and at tiles of its own: numbers are shifted, so that it isn't answered from what another
one asked for.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

__all__ = ["Move", "Session", "replay"]

AT_ONCE = 4
_TOKEN = re.compile(rb'"token": ?"([\w-]{43})"')
_PLACE = "/timeline-data/"


@dataclass(frozen=True)
class Move:
    """A pan or zoom as a real session made it.

    Attributes
    ----------
    needed, ahead : tuple of str
        What it asked for until its picture was exact, and after that: paths with queries.
    """

    needed: tuple[str, ...]
    ahead: tuple[str, ...]


@dataclass
class Session:
    """What one client saw.

    Attributes
    ----------
    took : list of float
        Of each move the ms until the last tile that it needed had come.
    refused : int
        Answers other than 200.
    """

    number: int
    took: list[float] = field(default_factory=list)
    refused: int = 0
    received: int = 0


async def replay(
    address: str, moves: Sequence[Move], count: int, seconds: float, pause: float
) -> list[Session]:
    """Let ``count`` sessions move about at once, each with a pause of about ``pause`` s."""
    sessions = [Session(number) for number in range(count)]
    ready = [await _open(address) for _ in sessions]
    until = time.monotonic() + seconds
    await asyncio.gather(
        *(
            _run(session, address, token, moves, until, pause)
            for session, (_, token) in zip(sessions, ready, strict=True)
        )
    )
    for socket, _ in ready:
        await socket.close()
    return sessions


async def _open(address: str) -> tuple[websockets.ClientConnection, str]:
    """Open the page as Streamlit's script does; its token comes with the component's data."""
    host = urlsplit(address).netloc
    socket = await websockets.connect(
        f"ws://{host}/_stcore/stream",
        subprotocols=[websockets.Subprotocol("streamlit")],
        origin=websockets.Origin(address),
        max_size=None,
    )
    ask = BackMsg()
    ask.rerun_script.page_name = "timeline"
    await socket.send(ask.SerializeToString())
    token = ""
    while True:
        raw = await socket.recv()
        assert isinstance(raw, bytes)
        found = _TOKEN.search(raw)
        token = found[1].decode() if found else token
        message = ForwardMsg()
        message.ParseFromString(raw)
        if message.WhichOneof("type") == "script_finished" and token:
            return socket, token


async def _run(
    session: Session, address: str, token: str, moves: Sequence[Move], until: float, pause: float
) -> None:
    rng = random.Random(session.number)
    wires = [_Wire(address, token) for _ in range(AT_ONCE)]
    await asyncio.sleep(rng.random() * pause)
    place = rng.randrange(len(moves))
    while time.monotonic() < until:
        move = moves[place % len(moves)]
        begun = time.perf_counter()
        session.refused += await _all(wires, move.needed, session)
        session.took.append((time.perf_counter() - begun) * 1e3)
        session.refused += await _all(wires, move.ahead, session)
        spent = time.perf_counter() - begun
        await asyncio.sleep(max(pause * (0.5 + rng.random()) - spent, 0))
        place += 1
    for wire in wires:
        wire.close()


async def _all(wires: Sequence[_Wire], paths: Sequence[str], session: Session) -> int:
    todo = [_shifted(path, session.number) for path in reversed(paths)]
    refused = 0

    async def work(wire: _Wire) -> None:
        nonlocal refused
        while todo:
            status, size = await wire.ask(todo.pop())
            refused += status != 200
            session.received += size

    await asyncio.gather(*map(work, wires))
    return refused


def _shifted(path: str, number: int) -> str:
    """The same at another time: a tile some numbers further on."""
    where, _, query = path.partition("?")
    found = dict(parse_qsl(query))
    if not where.endswith("/tile"):
        return path
    index = int(found["index"])
    found["index"] = str(index + number if index % 2 else max(index - number, 0))
    return f"{where}?{urlencode(found)}"


class _Wire:
    """A connection that is kept open."""

    def __init__(self, address: str, token: str) -> None:
        self.host = urlsplit(address).netloc
        self.token = token
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, path: str) -> tuple[int, int]:
        """Status and bytes of the answer."""
        if self.streams is None:
            name, port = self.host.split(":")
            self.streams = await asyncio.open_connection(name, int(port))
        reader, writer = self.streams
        head = f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\nX-Timeline-Token: {self.token}\r\n\r\n"
        writer.write(head.encode())
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        size = int(answer.split("content-length:")[1].split("\r\n")[0])
        await reader.readexactly(size)
        return int(answer.split(" ")[1]), size

    def close(self) -> None:
        """Let go of it."""
        if self.streams is not None:
            self.streams[1].close()
