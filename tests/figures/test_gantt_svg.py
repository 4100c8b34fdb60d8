import re
from xml.etree import ElementTree as ET

import pytest

from timeline.errors import UsageError
from timeline.figures import gantt_svg
from timeline.trace import Trace

SVG = "{http://www.w3.org/2000/svg}"


def rects(document: str, fill: str) -> list[tuple[float, float]]:
    found = [r for r in ET.fromstring(document).iter(f"{SVG}rect") if r.get("fill") == fill]
    return [(float(r.attrib["x"]), float(r.attrib["width"])) for r in found]


def texts(document: str) -> list[str]:
    return [t.text or "" for t in ET.fromstring(document).iter(f"{SVG}text")]


def test_bars_stand_where_the_activities_are(overlapped: Trace) -> None:
    bars = rects(gantt_svg(overlapped, width=1186), "#E69F00")[:3]
    scale = 1000 / (overlapped.span[1] - overlapped.span[0])
    for i, (x, width) in enumerate(sorted(bars)):
        assert x == pytest.approx(158 + 50_001 * i * scale, abs=0.01)
        assert width == pytest.approx(50_001 * scale, abs=0.01)


def test_it_is_the_same_every_time(overlapped: Trace, serial: Trace) -> None:
    draw = [gantt_svg({"a": serial, "b": overlapped}, title="t") for _ in range(2)]
    assert draw[0] == draw[1]


def test_variants_are_named_and_measured(overlapped: Trace, serial: Trace) -> None:
    words = texts(gantt_svg({"serial": serial, "overlapped": overlapped}, title="Overlap"))
    for expected in ("Overlap", "serial", "440.0 µs", "overlapped", "240.0 µs", "−45.5%"):
        assert expected in words
    assert "· 0% of copy time hidden behind kernels" in words
    assert words.count("H2D") == 2


def test_names_never_become_markup(hostile: Trace) -> None:
    document = gantt_svg(hostile, title="<b>&", host=True, rows="stream")
    tree = ET.fromstring(document)
    known = {"svg", "title", "defs", "pattern", "rect", "line", "text", "path"}
    assert {element.tag.removeprefix(SVG) for element in tree.iter()} <= known
    assert "onerror=alert" in "".join(texts(document)) + "".join(
        t.text or "" for t in tree.iter(f"{SVG}title")
    )
    assert not re.search("[\x00-\x08\u202e]", document)
    assert len(document) < 60_000


def test_an_empty_trace_has_a_picture(empty: Trace) -> None:
    assert "ns" in texts(gantt_svg(empty))
    assert gantt_svg({"a": empty, "b": empty})


def test_many_bars_make_a_small_picture(crowded: Trace) -> None:
    document = gantt_svg(crowded)
    assert len(document) < 300_000
    assert ET.fromstring(document) is not None


def test_window_clips(overlapped: Trace) -> None:
    first = overlapped.span[0]
    document = gantt_svg(overlapped, window=(first + 10_000, first + 20_000), width=1186)
    assert rects(document, "#E69F00")[0] == (158.0, 1000.0)


def test_pdl_overlap_is_marked(dependent: Trace) -> None:
    document = gantt_svg(dependent, stamps=True)
    assert texts(document).count("49.00 µs") == 3
    marked = [
        r for r in ET.fromstring(document).iter(f"{SVG}rect") if r.get("fill-opacity") == "0.28"
    ]
    assert len(marked) == 3


def test_dark(overlapped: Trace) -> None:
    assert 'fill="#0F1318"' in gantt_svg(overlapped, theme="dark")


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(UsageError, match="nothing to draw"):
        gantt_svg({})
