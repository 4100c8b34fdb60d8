"""What the timeline gives to take along, read again."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from timeline.errors import UsageError
from timeline.figures.shares import cause_looks
from timeline.formats import open_trace
from timeline.trace import Trace
from timeline.ui.canvas.causes import idle_looks
from timeline.ui.canvas.exports import Part, exported, forms
from timeline.ui.canvas.manifest import manifest
from timeline.ui.canvas.shown import Shown

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "three_way_overlap" / "depth_first"


@pytest.fixture(scope="module")
def trace() -> Trace:
    return Trace.load(SAMPLE)


@pytest.fixture(scope="module")
def shown(trace: Trace) -> Shown:
    return Shown("three_way_overlap/depth_first", trace)


@pytest.fixture(scope="module")
def span(shown: Shown) -> tuple[int, int]:
    """A tenth of a repeat, in its middle."""
    first, last = shown.index.view
    return first + (last - first) * 4 // 10, first + (last - first) * 5 // 10


def touching(trace: Trace, first: int, last: int) -> int:
    start, end = (trace.column("activities", c) - trace.span[0] for c in ("start", "end"))
    return int(((start < last) & (end > first)).sum())


@pytest.mark.parametrize("form", [each["form"] for each in forms()])
def test_a_trace_of_the_span_and_of_all_can_be_read_again(
    form: str, shown: Shown, trace: Trace, span: tuple[int, int], tmp_path: Path
) -> None:
    suffix = {each["form"]: each["suffix"] for each in forms()}[form]
    for part, count in ((Part(span), touching(trace, *span)), (Part(), trace.activities.num_rows)):
        content, _ = exported(shown, form, part)
        place = tmp_path / f"{count}{suffix}"
        place.write_bytes(content)
        assert open_trace(place).activities.num_rows == count


def test_an_svg_shows_the_span(shown: Shown, trace: Trace, span: tuple[int, int]) -> None:
    content, kind = exported(shown, "svg", Part(span, host=False))
    root = ElementTree.fromstring(content)
    assert kind == "image/svg+xml"
    titles = [node.text or "" for node in root.iter("{http://www.w3.org/2000/svg}title")]
    bars = [words for words in titles if "correlation" in words or "ns" in words]
    assert len(bars) >= touching(trace, *span)
    with_host, _ = exported(shown, "svg", Part(span))
    assert b"host thread" in with_host
    assert b"host thread" not in content


def test_an_html_page_shows_the_span(shown: Shown, span: tuple[int, int]) -> None:
    content, kind = exported(shown, "html", Part(span, theme="dark"))
    assert kind == "text/html"
    assert b"Plotly.newPlot" in content
    assert b"#0F1318" in content


def test_devices_that_are_folded_away_stay_out(shown: Shown, span: tuple[int, int]) -> None:
    content, _ = exported(shown, "svg", Part(span, devices=(7,)))
    assert b"H2D" not in content


@pytest.mark.parametrize(
    ("form", "part"), [("gif", Part()), ("svg", Part()), ("zip", Part((5, 5)))]
)
def test_what_makes_no_sense_is_one_line(form: str, part: Part, shown: Shown) -> None:
    with pytest.raises(UsageError):
        exported(shown, form, part)


def test_the_manifest_tells_what_can_be_taken_along(shown: Shown) -> None:
    found = manifest(shown)
    assert found["stem"] == "three_way_overlap-depth_first"
    assert {"form", "title", "suffix"} == set(found["exports"][0])
    assert set(found["idle"]) == set(cause_looks()) == set(idle_looks())
