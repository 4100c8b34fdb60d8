"""The interactive timeline in a real Chromium: its pixels, and the data behind them."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from timeline.report import report
from timeline.trace import Trace
from timeline.ui.serving import serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "three_way_overlap" / "depth_first"
RULER, GUTTER = 26, 168

Stage = Any
""":class:`Stage` of conftest."""


@pytest.fixture(scope="module")
def trace() -> Trace:
    return Trace.load(SAMPLE)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving([SAMPLE], tmp_path_factory.mktemp("server") / "log") as found:
        yield found


def expected(trace: Trace, engine: str, start: float, end: float) -> list[tuple[int, int]]:
    """Activities of an engine that touch a span, as (start, end) after the first activity."""
    code = trace.names("activities", "engine").index(engine)
    mine = trace.column("activities", "engine") == code
    origin = trace.span[0]
    times = (trace.column("activities", c)[mine] - origin for c in ("start", "end"))
    pairs = zip(*(column.tolist() for column in times), strict=True)
    return sorted((a, b) for a, b in pairs if a < end and b > start)


def test_the_bars_are_the_activities(page: Any, stage: Stage, address: str, trace: Trace) -> None:
    stage.open(address)
    span = stage.view()
    lanes = stage.visible()
    for engine in ("SM", "H2D", "D2H"):
        bars = lanes[f"gpu0/{engine}"]["bars"]
        shown = sorted((bar["start"], bar["end"]) for bar in bars)
        assert lanes[f"gpu0/{engine}"]["merged"] == []
        assert shown == expected(trace, engine, *span)
    for colour in ("#E69F00", "#D55E00", "#0072B2", "#009E73"):
        assert stage.share_of(colour) > 0.001, colour


def test_zoomed_out_merged_bars_say_how_many(
    page: Any, stage: Stage, address: str, trace: Trace
) -> None:
    length = trace.span[1] - trace.span[0]
    stage.open(address, view=f"0ns:{length}ns")
    lanes = stage.visible()
    for engine in ("SM", "H2D", "D2H"):
        lane = lanes[f"gpu0/{engine}"]
        assert lane["merged"]
        assert lane["count"] == len(expected(trace, engine, 0, length))


def test_a_bar_is_drawn_where_it_is(page: Any, stage: Stage, address: str, trace: Trace) -> None:
    start, end = expected(trace, "H2D", 0, 10**12)[5]
    middle, length = (start + end) // 2, end - start
    root = stage.open(address, view=f"{middle - length}ns:{middle + length}ns")
    line = root.evaluate(
        "root => { const t = root.timeline;"
        " const l = t.scene.lines.find(l => l.key === 'gpu0/H2D'); return l.y - t.top; }"
    )
    row = stage.pixels()[RULER + int(line) + 14, GUTTER:]
    amber = np.flatnonzero((row == [0xE6, 0x9F, 0x00]).all(axis=1))
    first, last = stage.view()
    scale = len(row) / (last - first)
    own = amber[(amber > (start - first) * scale - 3) & (amber < (end - first) * scale + 3)]
    assert abs(own.min() - (start - first) * scale) <= 1.5
    assert abs(own.max() + 1 - (end - first) * scale) <= 2.5


def test_keys_zoom_move_and_fit(page: Any, stage: Stage, address: str) -> None:
    root = stage.open(address)
    before = stage.view()
    page.locator(".stage").focus()
    page.keyboard.down("w")
    page.wait_for_timeout(300)
    page.keyboard.up("w")
    closer = stage.view()
    assert closer[1] - closer[0] < 0.8 * (before[1] - before[0])
    page.keyboard.down("d")
    page.wait_for_timeout(200)
    page.keyboard.up("d")
    assert stage.view()[0] > closer[0]
    page.keyboard.press("f")
    stage.settled()
    first, last = stage.view()
    whole = root.evaluate("root => [root.timeline.manifest.first, root.timeline.manifest.last]")
    assert first < whole[0]
    assert last > whole[1]


def test_the_wheel_zooms_at_the_pointer(page: Any, stage: Stage, address: str) -> None:
    root = stage.open(address)
    box = page.locator(".stage").bounding_box()
    x = box["x"] + GUTTER + 0.25 * (box["width"] - GUTTER)
    page.mouse.move(x, box["y"] + 100)
    at = root.evaluate("(root, x) => root.timeline.timeAt(x)", x - box["x"])
    page.mouse.wheel(0, -480)
    page.wait_for_timeout(100)
    again = root.evaluate("(root, x) => root.timeline.timeAt(x)", x - box["x"])
    first, last = stage.view()
    assert abs(again - at) < (last - first) / 200


def test_down_to_single_ns(page: Any, stage: Stage, address: str, trace: Trace) -> None:
    start, end = expected(trace, "SM", 0, 10**12)[0]
    stage.open(address, view=f"{start - 3}ns:{start + 7}ns")
    bars = stage.visible()["gpu0/SM"]["bars"]
    assert (start, end) in [(bar["start"], bar["end"]) for bar in bars]
    assert stage.view()[1] - stage.view()[0] == 10


def test_the_address_names_the_view(page: Any, stage: Stage, address: str, trace: Trace) -> None:
    stage.open(address, view="1000ns:2001000ns")
    assert stage.view() == (1000, 2001000)
    page.locator(".stage").focus()
    page.keyboard.press("f")
    page.wait_for_function("() => !location.search.includes('2001000')")
    told = page.url.split("view=")[1].replace("%3A", ":")
    stage.open(address, view=told)
    assert stage.view()[0] == int(told.split("ns:")[0])
    stage.open(address, start=str(trace.span[0]), end=str(trace.span[0] + 5000))
    assert stage.view() == (0, 5000)


def test_lanes_unfold_into_streams(page: Any, stage: Stage, address: str) -> None:
    root = stage.open(address)
    box = page.locator(".stage").bounding_box()
    line = root.evaluate("root => root.timeline.scene.lines.find(l => l.key === 'gpu0/SM').y")
    page.mouse.click(box["x"] + 40, box["y"] + RULER + line + 8)
    stage.settled()
    streams = [lane for key, lane in stage.visible().items() if key.startswith("gpu0/SM/")]
    assert len(streams) == 4
    together = stage.visible()["gpu0/SM"]["count"]
    assert sum(lane["count"] for lane in streams) == together


def test_dark_mode(dark_stage: Stage, address: str) -> None:
    dark_stage.open(address)
    assert dark_stage.share_of("#0F1318") > 0.5


def test_what_is_in_view_is_there_in_words(page: Any, stage: Stage, address: str) -> None:
    stage.open(address)
    words = page.get_by_role("region", name="What is in view")
    page.wait_for_timeout(400)
    assert "SM: " in words.text_content()
    assert page.get_by_role("application").get_attribute("tabindex") == "0"


def test_help_lists_the_keys(page: Any, stage: Stage, address: str) -> None:
    stage.open(address)
    page.locator(".stage").focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    assert "mouse wheel" in dialog.inner_text()
    page.keyboard.press("Escape")
    assert not dialog.is_visible()


def test_hostile_names_stay_text(page: Any, stage: Stage, dashboard: str) -> None:
    root = stage.open(dashboard)
    bar = stage.visible()["gpu0/SM"]["bars"][0]
    assert bar["start"] == 0
    box = page.locator(".stage").bounding_box()
    line = root.evaluate("root => root.timeline.scene.lines.find(l => l.key === 'gpu0/SM').y")
    page.mouse.click(box["x"] + GUTTER + 200, box["y"] + RULER + line + 8)
    page.wait_for_selector(".details h3:has-text('onerror')")
    assert page.evaluate("() => window.hacked") is None
    assert page.locator(".timeline img, .timeline b").count() == 0
    assert "<img src=x onerror" in page.locator(".details").inner_text()


def asked(address: str, what: str, token: str) -> tuple[int, bytes]:
    request = urllib.request.Request(f"{address}/timeline-data/{what}")
    request.add_header("X-Timeline-Token", token)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_two_sessions_are_apart_and_only_tokens_open(
    page: Any, stage: Stage, contexts: dict[str, Any], address: str
) -> None:
    first = stage.open(address).evaluate("root => root.timeline.source.token")
    other = contexts["light"].new_page()
    second = type(stage)(other).open(address).evaluate("root => root.timeline.source.token")
    assert first != second
    assert len(first) > 40
    for token in (first, second):
        status, body = asked(address, "manifest", token)
        assert status == 200
        assert json.loads(body)["title"]
    for what in ("manifest", "tile?level=20&index=0&rows=0", "names?table=calls&codes=0"):
        assert asked(address, what, "guess" + first[5:])[0] == 403
        assert asked(address, what, "")[0] == 403
    assert asked(address, "../etc/passwd", first)[0] in (400, 404)
    assert asked(address, "tile?level=999&index=0&rows=0", first)[0] == 400
    assert asked(address, "tile?level=2&index=0&rows=99999", first)[0] == 400
    assert asked(address, "names?table=calls&codes=x", first)[0] == 400
    other.close()


def test_search_goes_from_hit_to_hit(page: Any, stage: Stage, address: str, trace: Trace) -> None:
    root = stage.open(address)
    page.locator(".stage").focus()
    page.keyboard.press("/")
    page.keyboard.type("[cuda memcpy")
    names = trace.names("activities", "name")
    hits = [i for i, name in enumerate(names) if "[cuda memcpy" in name.lower()]
    known = np.isin(trace.column("activities", "name"), hits)
    starts = np.sort(trace.column("activities", "start")[known] - trace.span[0])
    first = int(starts[starts >= int(stage.view()[0])][0])
    page.keyboard.press("Enter")
    page.wait_for_function(f"root => root.timeline.item?.start === {first}", arg=root_handle(root))
    assert page.locator(".found").inner_text() == f"{known.sum():,} hits"
    page.keyboard.press("Enter")
    second = int(starts[np.searchsorted(starts, first) + 1])
    page.wait_for_function(f"root => root.timeline.item?.start === {second}", arg=root_handle(root))
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(f"root => root.timeline.item?.start === {first}", arg=root_handle(root))
    assert "bytes" in page.locator(".details").inner_text()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"root => root.timeline.item?.start > {first}", arg=root_handle(root))
    page.wait_for_function("() => location.search.includes('bar=')")
    shown = root.evaluate("root => root.timeline.item.start")
    page.reload()
    again = stage.settled()
    page.wait_for_function(f"root => root.timeline.item?.start === {shown}", arg=root_handle(again))


def root_handle(root: Any) -> Any:
    return root.element_handle()


def test_a_dragged_span_is_measured_as_a_report_does(
    page: Any, stage: Stage, address: str, trace: Trace
) -> None:
    root = stage.open(address)
    box = page.locator(".stage").bounding_box()
    y = box["y"] + 100
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + 400, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, y)
    page.mouse.move(box["x"] + 700, y)
    page.mouse.up()
    page.keyboard.up("Shift")
    page.wait_for_selector(".details table")
    page.wait_for_function("root => !root.timeline.spans.measuring", arg=root_handle(root))
    span = root.evaluate("root => root.timeline.span")
    origin = trace.span[0]
    window = (origin + span["start"], origin + span["end"])
    (device,) = report(trace, window=window).to_json()["devices"]
    words = page.locator(".details").inner_text()
    assert f"timeline report --window {span['start']}ns:{span['end']}ns" in words
    for engine in ("SM", "H2D", "D2H"):
        assert f"{device['engines'][engine]['busy_ns']:,} ns" in words
    for row in device["overlaps"]:
        assert f"{row['overlap_ns']:,} ns" in words
    assert f"{device['exposed_copy_ns']:,} ns" in words
    page.keyboard.press("f")
    assert stage.view() == (span["start"], span["end"])
    page.keyboard.press("m")
    page.wait_for_function("() => location.search.includes('marks=')")
    page.keyboard.press("Escape")
    assert root.evaluate("root => root.timeline.span") is None


def test_arrows_lead_from_the_call_to_its_kernel(page: Any, stage: Stage, address: str) -> None:
    root = stage.open(address)
    bar = stage.visible()["gpu0/SM"]["bars"][4]
    root.evaluate("(root, bar) => root.timeline.selection.choose(bar)", bar)
    page.wait_for_selector(".details h3:has-text('Before, after and why')")
    links = root.evaluate("root => root.timeline.item.links")
    assert links[0]["kind"] == "issued by"
    assert links[0]["start"] < bar["start"]
    before = stage.pixels()
    root.evaluate("root => { root.timeline.item.links = []; root.timeline.draw(); }")
    page.wait_for_timeout(100)
    assert (stage.pixels() != before).any(axis=2).sum() > 100
    page.get_by_role("button", name=links[0]["name"]).first.click()
    page.wait_for_function("root => root.timeline.item?.table === 'calls'", arg=root_handle(root))
    assert root.evaluate("root => root.timeline.item.links[0].kind") == "issues"
