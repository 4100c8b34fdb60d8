"""Many sessions on one large trace: how long a pan or zoom takes, and what the server's memory is.

``python -m benchmarks.load [--events 10000000] [--sessions 20] [--browsers 2] [--write]`` serves a
trace whose index was kept, and lets all sessions pan and zoom at once. ``--browsers`` of them are
pages of a real, headless Chromium; so many of those would need more cores than are here, so the
others are clients with a WebSocket and a token of their own that ask for what a real session asked
for in the same run (:mod:`benchmarks.load_clients`). Server, Chromium and clients share the
machine. A pan or zoom of a client has ended when the last tile that a page would need has come, one
of a page when the page says that its picture is exact.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.dashboard import EXACT, spread, trace_of
from benchmarks.load_clients import Move, Session, replay
from benchmarks.sections import goal_text, goals_table, median_p95, put
from timeline.tiles import build, identity_of, keep
from timeline.ui.serving import serving
from tools.screenshots import chromium

RESULT = Path(__file__).parent / "results" / "load.json"
GOAL_MS = 500
SIZE = {"width": 1440, "height": 1000}

MOVING = """(root, { seconds, pause, seed }) => {
  performance.setResourceTimingBufferSize(100000);
  const t = root.timeline, stage = t.stage, box = stage.getBoundingClientRect();
  const frame = () => new Promise((done) => requestAnimationFrame(() => done()));
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const moves = [];
  const run = async () => {
    const until = performance.now() + seconds * 1000;
    for (let i = 0; performance.now() < until; i++) {
      const at = { clientX: box.left + 300 + random() * 800, clientY: box.top + 120 };
      const pan = i % 3 === 2;
      const deltaY = pan ? (random() - 0.5) * 1600 : (i % 24 < 14 ? -480 : 480);
      const begun = performance.now();
      const wheel = { ...at, deltaY, shiftKey: pan, cancelable: true };
      stage.dispatchEvent(new WheelEvent("wheel", wheel));
      await frame(); await frame();
      const redraw = performance.now() - begun;
      while (root.dataset.state !== "exact" && performance.now() - begun < 20000) await frame();
      moves.push({ begun, redraw, exact: performance.now() - begun });
      const left = pause * 1000 * (0.5 + random()) - (performance.now() - begun);
      await new Promise((done) => setTimeout(done, Math.max(left, 0)));
    }
    return moves;
  };
  root.moving = run();
}"""

ASKED = """() => performance.getEntriesByType("resource")
  .filter((one) => one.name.includes("/timeline-data/"))
  .map((one) => [one.startTime, one.name])"""


def moved(page: Any) -> list[dict[str, float]]:
    """What :data:`MOVING` saw, once it has ended."""
    found: list[dict[str, float]] = page.locator(".timeline").first.evaluate("root => root.moving")
    return found


def begin(page: Any, seconds: float, pause: float, seed: int) -> None:
    asked = {"seconds": seconds, "pause": pause, "seed": seed}
    page.locator(".timeline").first.evaluate(MOVING, asked)


def recorded(page: Any, moves: list[dict[str, float]]) -> list[Move]:
    """The requests of each move: those that its picture needed, and those made ahead."""
    asked = [(at, urlsplit(url)) for at, url in page.evaluate(ASKED)]
    paths = [(at, f"{url.path}?{url.query}") for at, url in asked]
    found = []
    for one, after in zip(moves, [*moves[1:], {"begun": float("inf")}], strict=True):
        exact = one["begun"] + one["exact"]
        needed = tuple(path for at, path in paths if one["begun"] <= at < exact)
        ahead = tuple(path for at, path in paths if exact <= at < after["begun"])
        found.append(Move(needed, ahead))
    return [move for move in found if move.needed]


def opened(browser: Any, address: str) -> Any:
    page = browser.new_page(viewport=SIZE)
    page.goto(f"{address}/timeline")
    page.wait_for_selector(EXACT, timeout=120_000)
    return page


def memory_mb(pid: int) -> dict[str, float]:
    """Proportional set size of a process, and what of it is its own and no mapped file."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    found = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines[1:]}
    return {"pss": round(found["Pss"], 1), "anonymous": round(found["Pss_Anon"], 1)}


def children() -> set[int]:
    path = Path(f"/proc/{os.getpid()}/task")
    texts = [(task / "children").read_text(encoding="ascii") for task in path.iterdir()]
    return {int(word) for text in texts for word in text.split()}


def under_load(browser: Any, address: str, server: int, args: argparse.Namespace) -> dict[str, Any]:
    page = opened(browser, address)
    begin(page, args.seconds, args.pause, 7)
    alone = moved(page)
    moves = recorded(page, alone)
    found: dict[str, Any] = {"alone_exact_ms": spread([one["exact"] for one in alone])}
    found["memory_mb_one_session"] = memory_mb(server)
    pages = [page, *(opened(browser, address) for _ in range(args.browsers - 1))]
    sessions: list[Session] = []

    def clients() -> None:
        count = args.sessions - args.browsers
        sessions.extend(asyncio.run(replay(address, moves, count, args.seconds, args.pause)))

    others = threading.Thread(target=clients)
    others.start()
    time.sleep(1)
    for number, one in enumerate(pages):
        begin(one, args.seconds, args.pause, 11 + number)
    in_pages = [move for one in pages for move in moved(one)]
    others.join()
    took = [ms for session in sessions for ms in session.took]
    return found | {
        "pages": {
            "moves": len(in_pages),
            "redraw_ms": spread([one["redraw"] for one in in_pages]),
            "exact_ms": spread([one["exact"] for one in in_pages]),
        },
        "clients": {
            "moves": len(took),
            "tiles_ms": spread(took),
            "refused": sum(session.refused for session in sessions),
            "received_mb": round(sum(session.received for session in sessions) / 1e6, 1),
        },
        "all_ms": spread([*took, *(one["exact"] for one in in_pages)]),
        "memory_mb_all_sessions": memory_mb(server),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--browsers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--pause", type=float, default=0.5, help="s from move to move, in the mean")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    result = {**vars(args), "cpus": os.cpu_count(), "load_before": os.getloadavg()[0]}
    del result["write"]
    with tempfile.TemporaryDirectory() as held:
        trace = trace_of(args.events)
        place = trace.save(Path(held) / "large")
        keep(build(trace), place, identity_of(place) or "", near=True)
        del trace
        before = children()
        with serving([place]) as address, chromium() as browser:
            (server,) = (pid for pid in children() - before if _serves(pid))
            result |= under_load(browser, address, server, args)
    text = json.dumps(result, indent=1)
    print(text)
    if args.write:
        RESULT.write_text(text + "\n", encoding="utf-8")
        put("limits.md", "benchmarks/load.py", section(result))
    return 0 if result["all_ms"]["p95"] <= GOAL_MS and not result["clients"]["refused"] else 1


def section(result: dict[str, Any]) -> str:
    """The figures as a table."""
    pages, clients, both = result["pages"], result["clients"], result["all_ms"]
    one, every = result["memory_mb_one_session"], result["memory_mb_all_sessions"]
    count = f"{pages['moves'] + clients['moves']:,} in {result['seconds']:.0f} s"
    rows = [
        (
            "pan or zoom, all sessions",
            median_p95(both),
            f"p95 {goal_text(both['p95'], GOAL_MS, 'ms')}",
        ),
        (f"the {result['browsers']} pages, exact picture", median_p95(pages["exact_ms"]), ""),
        (f"the {result['browsers']} pages, first redraw", median_p95(pages["redraw_ms"]), ""),
        ("the others, all tiles there", median_p95(clients["tiles_ms"]), ""),
        ("one page alone, exact picture", median_p95(result["alone_exact_ms"]), ""),
        ("pans and zooms", count, ""),
        ("answers refused", f"{clients['refused']}", "0"),
        ("the machine's load before", f"{result['load_before']:.1f} on {result['cpus']} cores", ""),
        ("memory of the server, one session", _memory(one), ""),
        (f"memory of the server, {result['sessions']} sessions", _memory(every), ""),
    ]
    return goals_table(rows)


def _memory(found: dict[str, float]) -> str:
    return f"{found['pss']:.0f} MB, of which {found['anonymous']:.0f} MB its own"


def _serves(pid: int) -> bool:
    return b"streamlit" in Path(f"/proc/{pid}/cmdline").read_bytes()


if __name__ == "__main__":
    sys.exit(main())
