"""The pages in a real Chromium: what is drawn, by its pixels and by the data behind them."""

import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from timeline.techniques import technique
from timeline.trace import Trace
from timeline.ui.simulation import simulate

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SHOWN = """() => [...document.querySelectorAll('.js-plotly-plot')].flatMap(
  plot => plot._fullData.filter(t => t.type === 'bar' && t.hovertemplate.includes('correlation')
    && !t.hovertemplate.includes('thread'))
    .flatMap(t => Array.from(t.customdata, row => `${row[1]} ${row[2]} ${row[4]}`)))
  .sort().join()"""
"""Start, length and correlation of every activity drawn, in ns, as text."""


def settled(page: Any) -> None:
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")


def drawn(page: Any) -> None:
    page.wait_for_selector(".js-plotly-plot .barlayer path")
    settled(page)


def share_of(page: Any, colour: str) -> float:
    """Part of the chart's pixels that have exactly this colour."""
    from PIL import Image

    shot = page.locator(".js-plotly-plot").first.screenshot()
    pixels = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"))
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return float((pixels == wanted).all(axis=2).mean())


def activities(trace: Trace) -> str:
    """What :data:`SHOWN` must be."""
    start, end, ids = (trace.column("activities", c) for c in ("start", "end", "correlation"))
    rows = zip(start.tolist(), (end - start).tolist(), ids.tolist(), strict=True)
    return ",".join(sorted(f"{a} {b} {c}" for a, b, c in rows))


def shows(page: Any, trace: Trace) -> None:
    """Wait until the page draws exactly the activities of ``trace``."""
    page.wait_for_function(f"expected => ({SHOWN})() === expected", arg=activities(trace))
    drawn(page)


def simulated(name: str, variant: str) -> Trace:
    return simulate(name, variant, {}, "h200", 1)


def test_a_simulated_technique_is_drawn_exactly(page: Any, dashboard: str) -> None:
    page.goto(f"{dashboard}/techniques?technique=three_way_overlap")
    drawn(page)
    last = technique("three_way_overlap").variants[-1].name
    shows(page, simulated("three_way_overlap", last))
    for colour in ("#E69F00", "#D55E00", "#0072B2", "#009E73"):
        assert share_of(page, colour) > 0.002, colour


def test_switching_the_variant_redraws(page: Any, dashboard: str) -> None:
    page.goto(f"{dashboard}/techniques?technique=three_way_overlap")
    drawn(page)
    first = technique("three_way_overlap").variants[0].name
    page.get_by_test_id("stButtonGroup").get_by_text(first, exact=True).click()
    shows(page, simulated("three_way_overlap", first))
    assert share_of(page, "#009E73") == 0


def test_variants_side_by_side_and_measures(page: Any, dashboard: str) -> None:
    page.goto(f"{dashboard}/techniques?technique=pdl")
    drawn(page)
    page.get_by_role("tab", name="Variants side by side").click()
    page.wait_for_selector("[data-testid=stDataFrame]")
    drawn(page)
    words = page.locator(".js-plotly-plot").inner_text()
    for variant in technique("pdl").variants:
        assert f"{variant.name}:" in words
    page.get_by_role("tab", name="CUDA source").click()
    page.wait_for_selector("[data-testid=stCode]")
    assert "__global__" in page.get_by_test_id("stCode").first.inner_text()


def test_dark_mode(dark_page: Any, dashboard: str) -> None:
    dark_page.goto(f"{dashboard}/techniques?technique=pdl")
    drawn(dark_page)
    dark_page.wait_for_function(
        "() => document.querySelector('.js-plotly-plot')._fullLayout.paper_bgcolor === '#0F1318'"
    )
    assert share_of(dark_page, "#0F1318") > 0.5


def upload(page: Any, dashboard: str, path: str | Path) -> None:
    page.goto(f"{dashboard}/open")
    page.locator("input[type=file]").set_input_files(path)
    page.wait_for_selector("[data-testid=stMain] button:has-text('Remove')")
    settled(page)


def test_an_uploaded_zip_is_drawn(page: Any, dashboard: str, tmp_path: Path) -> None:
    trace = simulated("three_way_overlap", technique("three_way_overlap").variants[0].name)
    folder = trace.save(tmp_path / "mine")
    packed = shutil.make_archive(str(tmp_path / "mine"), "zip", folder)
    upload(page, dashboard, packed)
    page.get_by_test_id("stMain").get_by_role("link", name="Timeline").first.click()
    page.wait_for_selector(".timeline[data-state=exact]")
    page.get_by_role("tab", name="Figure").click()
    page.wait_for_selector(".js-plotly-plot .barlayer path")
    assert "trace=mine.zip" in page.url
    shows(page, trace)


def test_an_unreadable_upload_is_one_line(page: Any, dashboard: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 not really")
    upload(page, dashboard, broken)
    words = page.locator("[data-testid=stAlert]").inner_text()
    assert "broken.zip" in words
    assert "Traceback" not in page.locator("body").inner_text()
    assert len(words.strip().splitlines()) == 1


@pytest.mark.parametrize("place", ["techniques?technique=pdl", "overview?trace=hostile"])
def test_every_page_has_an_address(page: Any, dashboard: str, place: str) -> None:
    page.goto(f"{dashboard}/{place}")
    drawn(page)
    assert page.locator("[role=dialog]").count() == 0
    assert page.url.endswith(place)


@pytest.mark.parametrize("place", ["", "timeline?part=Figure"])
def test_hostile_names_stay_text(page: Any, dashboard: str, place: str) -> None:
    page.goto(f"{dashboard}/{place}")
    drawn(page)
    assert page.evaluate("() => window.hacked") is None
    assert page.locator("img[src=x], .js-plotly-plot b, .facts img, .facts b b").count() == 0
    assert '<img src=x onerror="window.hacked=1"><b>kernel</b>' in (
        page.locator(".facts").inner_text()
    )
    assert "<img src=x onerror" in "".join(page.locator(".js-plotly-plot").all_text_contents())
    assert "3 records were dropped" in page.locator("body").inner_text()


STAND_IN = """<script>
addEventListener("message", event => {
  if (event.data === "PING") event.source.postMessage("PONG", event.origin);
  else { window.got = event.data.perfetto; document.title = "got it"; }
});
</script>"""
"""Perfetto's page, as far as the documented hand-over goes."""


def test_a_trace_is_handed_to_perfetto_after_a_click(
    contexts: dict[str, Any], page: Any, dashboard: str
) -> None:
    context, asked = contexts["light"], list[str]()

    def answer(route: Any) -> None:
        asked.append(route.request.url)
        route.fulfill(content_type="text/html", body=STAND_IN)

    context.route("https://ui.perfetto.dev/**", answer)
    page.goto(f"{dashboard}/techniques?technique=pdl")
    drawn(page)
    page.get_by_role("button", name="Export").click()
    page.get_by_text("Make the file for Perfetto").click()
    button = page.get_by_role("button", name="Open in Perfetto")
    button.wait_for()
    assert asked == []
    with context.expect_page() as opening:
        button.click()
    other = opening.value
    other.wait_for_function("() => document.title === 'got it'")
    assert other.evaluate("() => window.got.buffer.byteLength") > 1000
    assert other.evaluate("() => window.got.fileName") == "trace.pftrace"
    page.get_by_text("Handed over.").wait_for()
    other.close()
    assert len(asked) == 1
