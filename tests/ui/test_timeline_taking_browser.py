"""The timeline's export and its keys in a real Chromium: files that were downloaded, read again."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from timeline.formats import open_trace
from timeline.trace import Trace
from timeline.ui.serving import serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "three_way_overlap" / "depth_first"
VIEW = "1019500000ns:1020500000ns"

Stage = Any
""":class:`Stage` of conftest."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving([SAMPLE], tmp_path_factory.mktemp("server") / "log") as found:
        yield found


@pytest.fixture
def taken(stage: Stage, tmp_path: Path) -> Callable[[str], Path]:
    """Takes along what a button of the export dialog gives, with keys alone."""

    def take(name: str) -> Path:
        page = stage.page
        page.get_by_role("button", name=name).focus()
        with page.expect_download() as found:
            page.keyboard.press("Enter")
        place: Path = tmp_path / found.value.suggested_filename
        found.value.save_as(place)
        return place

    return take


def apart(one: Any, other: Any) -> float:
    """Part of the pixels that differ; a screenshot may begin or end a row early or late."""
    rows = min(len(one), len(other))
    return float((one[:rows] != other[:rows]).any(axis=2).mean())


def in_view(trace: Trace) -> int:
    first, last = (int(word.removesuffix("ns")) for word in VIEW.split(":"))
    start, end = (trace.column("activities", c) - trace.span[0] for c in ("start", "end"))
    return int(((start < last) & (end > first)).sum())


def test_what_is_seen_can_be_taken_along(
    stage: Stage, address: str, taken: Callable[[str], Path]
) -> None:
    from PIL import Image

    trace = Trace.load(SAMPLE)
    stage.open(address, view=VIEW)
    stage.page.wait_for_timeout(300)
    seen = stage.pixels()
    stage.press("e")
    assert stage.page.get_by_role("dialog", name="Export").is_visible()
    png = taken("The picture: PNG, as it is seen")
    found = np.asarray(Image.open(io.BytesIO(png.read_bytes())).convert("RGB"))
    assert found.shape[1] == seen.shape[1]
    assert min(apart(found, seen), apart(found, seen[1:])) < 0.001
    svg = taken("The picture: SVG").read_text(encoding="utf-8")
    assert svg.startswith("<svg")
    assert "API calls" in svg
    page = taken("The picture: HTML").read_text(encoding="utf-8")
    assert "Plotly.newPlot" in page
    part = taken("The trace of 1,000,000 ns from 1,019,500,000 ns: timeline (zip)")
    assert part.name == "depth_first-1019500000-1020500000ns.zip"
    assert open_trace(part).activities.num_rows == in_view(trace) > 10
    whole = taken("The whole trace: timeline (zip)")
    assert open_trace(whole).activities.num_rows == trace.activities.num_rows
    stage.page.keyboard.press("Escape")
    assert not stage.page.get_by_role("dialog", name="Export").is_visible()


def test_folded_lanes_stay_out_of_the_picture(
    stage: Stage, address: str, taken: Callable[[str], Path]
) -> None:
    stage.open(address, view=VIEW, shut="host thread", open="gpu0/SM")
    stage.press("e")
    svg = taken("The picture: SVG").read_text(encoding="utf-8")
    assert "API calls" not in svg
    assert "stream" in svg


def test_the_address_names_the_lanes(stage: Stage, address: str) -> None:
    stage.open(address)
    stage.press("ArrowDown")
    while stage.ask("return t.line.key") != "gpu0/SM":
        stage.press("ArrowDown")
    stage.press("Enter")
    stage.page.wait_for_function("() => location.search.includes('open=gpu0')")
    stage.page.reload()
    stage.settled()
    assert len([key for key in stage.visible() if key.startswith("gpu0/SM/")]) == 4


def test_keys_go_from_hit_to_hit_and_set_marks(stage: Stage, address: str) -> None:
    stage.open(address)
    stage.press("n")
    assert stage.ask("return document.activeElement !== t.stage")
    stage.page.keyboard.type("memcpy")
    stage.page.keyboard.press("Enter")
    stage.until("t.item")
    first = stage.ask("return t.item.start")
    stage.press("n")
    stage.until(f"t.item.start > {first}")
    stage.press("p")
    stage.until(f"t.item.start === {first}")
    stage.press("m")
    assert stage.ask("return t.marks") == [first]
    stage.press("m")
    assert stage.ask("return t.marks") == []
    before = stage.view()
    stage.press("Enter")
    after = stage.view()
    item = stage.ask("return [t.item.start, t.item.end]")
    assert after[1] - after[0] < before[1] - before[0]
    assert after[0] < item[0] < item[1] < after[1]
    stage.press("Escape")
    assert stage.ask("return t.item") is None


def test_a_barrier_tells_who_waited_for_whom(stage: Stage, dashboard: str) -> None:
    stage.open(dashboard, trace="default_stream_barrier/stray_legacy")
    told = []
    for wait in stage.visible()["gpu0/barriers"]["bars"]:
        stage.ask("return t.selection.choose(argument)", wait)
        told.append(stage.ask("return [t.item.title, t.item.links.map((link) => link.kind)]"))
    assert ["waited for", "who waited"] in [kinds for _, kinds in told], told
    assert "waited" in stage.page.locator(".details").inner_text()


def test_the_legend_names_what_is_shown(stage: Stage, address: str) -> None:
    stage.open(address)
    legend = stage.page.get_by_role("list", name="What the colours mean")
    words = legend.inner_text()
    for wanted in ("H2D copy", "D2H copy", "SM and a copy", "host waits", "elementwise"):
        assert wanted in words
    assert "peer copy" not in words
