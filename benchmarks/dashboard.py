"""The interactive timeline in a real, headless Chromium, beside an empty Streamlit page.

``python -m benchmarks.dashboard [--events 10000000] [--write]`` makes a trace of as many activities
on four streams, serves it, and moves about in it with the events that a reader's hands make. Times
in the page are taken by the page itself. ``--write`` keeps the figures in
``results/dashboard.json`` and in ``docs/dashboard.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.dashboard_page import section
from benchmarks.sections import put
from timeline.tiles import build, identity_of, keep, kept, measures
from timeline.tiles.encode import encoded
from timeline.tiles.places import beside
from timeline.tiles.search import found
from timeline.trace import Device, Meta, Trace, table
from timeline.ui.launch import free_port
from timeline.ui.serving import serving
from tools.screenshots import chromium

RESULT = Path(__file__).parent / "results" / "dashboard.json"
EXACT = ".timeline[data-state=exact]"
STREAMS = 4
NAMES = 2_000

MOVES = """async (root, count) => {
  const t = root.timeline, stage = t.stage, box = stage.getBoundingClientRect();
  const frame = () => new Promise((done) => requestAnimationFrame(() => done()));
  const redraw = [], exact = [];
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let i = 0; i < count; i++) {
    const at = { clientX: box.left + 300 + random() * 800, clientY: box.top + 120 };
    const pan = i % 3 === 2;
    const deltaY = pan ? (random() - 0.5) * 1600 : (i % 24 < 14 ? -480 : 480);
    const begun = performance.now();
    const wheel = { ...at, deltaY, shiftKey: pan, cancelable: true };
    stage.dispatchEvent(new WheelEvent("wheel", wheel));
    await frame(); await frame();
    redraw.push(performance.now() - begun);
    while (root.dataset.state !== "exact" && performance.now() - begun < 5000) await frame();
    exact.push(performance.now() - begun);
  }
  return { redraw, exact };
}"""

HELD = """async (root, keys) => {
  const t = root.timeline;
  t.frames.gaps = [];
  for (const key of keys) {
    t.stage.dispatchEvent(new KeyboardEvent("keydown", { key }));
    await new Promise((done) => setTimeout(done, 1500));
    t.stage.dispatchEvent(new KeyboardEvent("keyup", { key }));
  }
  return t.frames.gaps;
}"""

SELECT = """async (root) => {
  const t = root.timeline, took = [];
  for (let i = 0; i < 20; i++) {
    const begun = performance.now();
    await t.spans.measure(Math.floor(t.view.start + i), Math.ceil(t.view.end - i));
    took.push(performance.now() - begun);
  }
  return took;
}"""

SEARCH = """async (root, text) => {
  const t = root.timeline, took = [];
  for (let i = 0; i < 10; i++) {
    const begun = performance.now();
    await t.search.find(text);
    await new Promise((done) => requestAnimationFrame(() => done()));
    took.push(performance.now() - begun);
  }
  return took;
}"""


def trace_of(events: int) -> Trace:
    """Copies and kernels of four streams: a median length of 5 µs, pauses in between."""
    rng = np.random.default_rng(1)
    length = rng.lognormal(8.5, 0.8, events).astype(np.int64) + 50
    pause = rng.integers(100, 8_000, events)
    stream = np.repeat(np.arange(STREAMS), -(-events // STREAMS))[:events]
    start = np.empty(events, np.int64)
    for one in range(STREAMS):
        mine = stream == one
        start[mine] = np.cumsum(pause[mine] + length[mine]) - length[mine]
    order = np.argsort(start, kind="stable")
    engine = rng.choice(4, events, p=[0.7, 0.14, 0.14, 0.02]).astype(np.int32)
    names = [f"kernel_{i}<float, {i}>" for i in range(NAMES)]
    names += ["Memcpy HtoD", "Memcpy DtoH", "Memcpy DtoD"]
    name = np.where(engine == 0, rng.integers(0, NAMES, events), NAMES - 1 + engine)
    columns = {
        "kind": ((engine > 0).astype(np.int32), ["kernel", "memcpy"]),
        "name": (name.astype(np.int32), names),
        "start": start[order],
        "end": (start + length)[order],
        "device": np.zeros(events, np.int32),
        "stream": stream[order] + 7,
        "engine": (engine, ["SM", "H2D", "D2H", "D2D"]),
        "correlation": np.arange(events),
    }
    meta = Meta("cupti", devices=(Device(0, "synthetic"),))
    return Trace.from_tables(meta, {"activities": table("activities", columns)})


def timed(call: Callable[[], Any], times: int) -> list[float]:
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        call()
        took.append((time.perf_counter() - begun) * 1e3)
    return took


def on_the_server(trace: Trace, place: Path) -> dict[str, Any]:
    """Index, tiles, measures and search without a browser; leaves no index behind."""
    built = timed(lambda: build(trace), 3)
    folder = keep(build(trace), place, identity_of(place) or "", near=True)
    assert folder is not None
    read = timed(lambda: kept(place, identity_of(place) or ""), 5)
    index = kept(place, identity_of(place) or "")
    assert index is not None
    file_bytes = sum(path.stat().st_size for path in folder.iterdir())
    shutil.rmtree(folder)
    rows = list(range(len(index.rows)))
    tiles, sizes = [], []
    rng = np.random.default_rng(2)
    for _ in range(60):
        level = int(rng.integers(0, max(index.last.bit_length() - 9, 1)))
        number = int(rng.integers(0, max((index.last >> level) // 512, 1)))
        begun = time.perf_counter()
        content = encoded(index, rows, level, number)
        tiles.append((time.perf_counter() - begun) * 1e3)
        sizes.append(len(content))
    spans = np.sort(rng.integers(0, index.last, (100, 2)), axis=1).tolist()
    selected = [timed(partial(measures, index, a, b), 1)[0] for a, b in spans]
    searched = timed(lambda: found(index, "kernel_1999<", (index.last // 2, -1, -1)), 10)
    return {
        "index_s": min(built) / 1e3,
        "index_read_ms": spread(read),
        "index_bytes_an_event": index.nbytes / max(index.events, 1),
        "index_file_bytes_an_event": file_bytes / max(index.events, 1),
        "tile_ms": spread(tiles),
        "tile_bytes_most": max(sizes),
        "measures_ms": spread(selected),
        "search_ms": spread(searched),
    }


def spread(values: list[float]) -> dict[str, float]:
    return {
        "median": round(float(np.median(values)), 2),
        "p95": round(float(np.percentile(values, 95)), 2),
        "most": round(max(values), 2),
    }


def loads(
    browser: Any, address: str, ready: str, times: int, *, preload: bool = True
) -> list[float]:
    """Seconds from asking for a page to what it must show, each in a page of its own."""
    took = []
    for _ in range(times):
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        if not preload:
            page.route(address, without_links)
        begun = time.perf_counter()
        page.goto(address)
        page.wait_for_selector(ready, timeout=300_000)
        took.append(time.perf_counter() - begun)
        page.close()
    return took


def without_links(route: Any) -> None:
    """The page as it is, but for the header that names scripts ahead of time."""
    answer = route.fetch()
    headers = {name: value for name, value in answer.headers.items() if name != "link"}
    route.fulfill(response=answer, headers=headers)


def in_the_browser(browser: Any, address: str, empty: str) -> dict[str, Any]:
    """In a server that has opened nothing yet, of a trace whose index was kept."""
    bare, late = list[float](), list[float]()
    first = loads(browser, f"{address}/timeline", EXACT, 1)
    for _ in range(5):
        bare += loads(browser, empty, "text=nothing else", 1)
        first += loads(browser, f"{address}/timeline", EXACT, 1)
        late += loads(browser, f"{address}/timeline", EXACT, 1, preload=False)
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(f"{address}/timeline")
    page.wait_for_selector(EXACT, timeout=60_000)
    root = page.locator(".timeline").first
    moved = root.evaluate(MOVES, 48)
    log = root.evaluate("root => root.timeline.tiles.log")
    gaps = root.evaluate(HELD, ["w", "d", "s", "a"])
    return {
        "empty_page_s": round(float(np.median(bare)), 2),
        "first_opening_s": round(first[0], 2),
        "timeline_s": round(float(np.median(first[1:])), 2),
        "timeline_without_preload_s": round(float(np.median(late)), 2),
        "redraw_ms": spread(moved["redraw"]),
        "exact_ms": spread(moved["exact"]),
        "frame_gap_ms": spread(gaps),
        "tile_on_the_way_ms": spread([one["ms"] for one in log]),
        "tile_wire_bytes_most": max(one["bytes"] for one in log),
        "box_select_ms": spread(root.evaluate(SELECT)),
        "search_to_picture_ms": spread(root.evaluate(SEARCH, "kernel_1999<")),
        "renderer_mb": round(renderer_mb(browser), 1),
    }


def renderer_mb(browser: Any) -> float:
    """Proportional set size of the largest renderer."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    return max(pss_kb(one["id"]) for one in processes if one["type"] == "renderer") / 1024


def pss_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def wait_for(path: Path) -> None:
    """Until a file is there, for a minute at most."""
    give_up = time.monotonic() + 60
    while not path.exists() and time.monotonic() < give_up:
        time.sleep(0.1)


@contextmanager
def empty_page(folder: Path) -> Iterator[str]:
    """A Streamlit server whose one page says two words."""
    script = folder / "empty.py"
    script.write_text('import streamlit as st\n\nst.write("nothing else")\n', encoding="utf-8")
    port = free_port() + 20
    options = ["--server.headless=true", "--browser.gatherUsageStats=false"]
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}"]
    with Path(os.devnull).open("wb") as out:
        server = subprocess.Popen([*command, *options], stdout=out, stderr=out)
    try:
        time.sleep(8)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    result: dict[str, Any] = {"events": args.events, "cpus": os.cpu_count()}
    result["load_before"] = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as held, chromium() as browser:
        folder = Path(held)
        trace = trace_of(args.events)
        place = trace.save(folder / "large")
        result["server"] = on_the_server(trace, place)
        print(json.dumps(result), file=sys.stderr, flush=True)
        del trace
        with serving([place]) as address:
            (result["never_indexed_s"],) = loads(browser, f"{address}/timeline", EXACT, 1)
            wait_for(beside(place) / "index.bin")
        with serving([place]) as address, empty_page(folder) as empty:
            result["browser"] = in_the_browser(browser, address, empty)
    result["load_after"] = os.getloadavg()[0]
    text = json.dumps(result, indent=1)
    print(text)
    if args.write:
        RESULT.write_text(text + "\n", encoding="utf-8")
        put("dashboard.md", "benchmarks/dashboard.py", section(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
