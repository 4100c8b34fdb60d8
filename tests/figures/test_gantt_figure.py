import json
from typing import Any

import numpy as np
import pytest

from timeline.errors import UsageError
from timeline.figures import compare, gantt
from timeline.figures.choice import chosen_repeat, chosen_rows
from timeline.figures.rows import rows_of
from timeline.figures.units import unit_for
from timeline.trace import Trace

go = pytest.importorskip("plotly.graph_objects")


def bars(figure: Any, unit_ns: int) -> dict[int, tuple[int, int]]:
    """Correlation to (offset, length) in ns, computed from what the axes get."""
    found = {}
    for trace in figure.data:
        if "correlation" in (trace.hovertemplate or "") and "thread" not in trace.hovertemplate:
            rows = zip(trace.base, trace.x, trace.customdata, strict=True)
            for base, length, data in rows:
                ns = round(base * unit_ns), round(length * unit_ns)
                assert (data[0], data[2]) == ns
                found[int(data[4])] = ns
    return found


def named(figure: Any, *names: str) -> list[tuple[float, float]]:
    traces = [t for t in figure.data if t.name in names]
    return sorted((b, x) for t in traces for b, x in zip(t.base, t.x, strict=True))


@pytest.mark.parametrize("rows", ["engine", "stream"])
def test_bars_are_the_activities_to_the_ns(overlapped: Trace, rows: Any) -> None:
    first, last = overlapped.span
    found = bars(gantt(overlapped, rows=rows), unit_for(last - first).ns)
    start, end = (overlapped.column("activities", c) for c in ("start", "end"))
    ids = overlapped.column("activities", "correlation").tolist()
    expected = zip((start - first).tolist(), (end - start).tolist(), strict=True)
    assert found == dict(zip(ids, expected, strict=True))


def test_hover_says_where_the_bar_is_in_the_trace(overlapped: Trace) -> None:
    for trace in gantt(overlapped).data:
        if trace.customdata is not None and len(trace.customdata):
            data = np.asarray(trace.customdata)
            assert (data[:, 1] - data[:, 0] == overlapped.span[0]).all()


def test_copies_show_bytes_and_bandwidth(overlapped: Trace) -> None:
    copies = [t for t in gantt(overlapped).data if t.name == "H2D copy"]
    assert [row[5:].tolist() for row in copies[0].customdata] == [
        [2 << 20, pytest.approx((2 << 20) / 50_001)]
    ] * 3
    assert "GB/s" in copies[0].hovertemplate
    assert copies[0].hovertext[0] == "Memcpy HtoD<br>2 MiB, pinned → device"
    kernels = [t for t in gantt(overlapped).data if t.name == "scale"]
    assert kernels[0].hovertext[0].endswith("<br>grid 128×1×1 · block 256×1×1")


def test_overlap_strip_is_the_intersection(overlapped: Trace) -> None:
    unit = unit_for(overlapped.span[1] - overlapped.span[0]).ns
    shaded = named(gantt(overlapped), "SM and a copy", "SM and two copies")
    times = {n: set[int]() for n in ("SM", "H2D", "D2H")}
    engines = overlapped.names("activities", "engine")
    columns = (overlapped.column("activities", c).tolist() for c in ("engine", "start", "end"))
    for code, start, end in zip(*columns, strict=True):
        times[engines[code]].update(range(start - overlapped.span[0], end - overlapped.span[0]))
    both = times["SM"] & (times["H2D"] | times["D2H"])
    covered = {t for b, x in shaded for t in range(round(b * unit), round((b + x) * unit))}
    assert covered == both
    three = named(gantt(overlapped), "SM and two copies")
    assert {t for b, x in three for t in range(round(b * unit), round((b + x) * unit))} == (
        times["SM"] & times["H2D"] & times["D2H"]
    )


def test_kernels_of_one_stream_that_overlap_are_both_seen_and_shaded(dependent: Trace) -> None:
    lane = next(lane for lane in rows_of(dependent).lanes if lane.label == "SM")
    assert lane.depths == 2
    start, end = lane.shades.start.tolist(), lane.shades.end.tolist()
    assert list(zip(start, end, strict=True)) == [
        (160_000 * i + 51_000, 160_000 * i + 100_000) for i in range(3)
    ]
    words = [t for t in gantt(dependent).data if t.type == "scatter"]
    assert list(words[0].text) == ["49.00 µs"] * 3


def test_plain_stream_order_is_not_shaded(serial: Trace, overlapped: Trace) -> None:
    for trace in (serial, overlapped):
        assert not any(len(lane.shades) for lane in rows_of(trace).lanes)


def test_waits_at_the_legacy_default_stream(held_back: Trace) -> None:
    lanes = {lane.label: lane for lane in rows_of(held_back, by="stream").lanes}
    held = {
        label: list(zip(lane.shades.start.tolist(), lane.shades.end.tolist(), strict=True))
        for label, lane in lanes.items()
        if label != "barriers"
    }
    assert held == {
        "legacy default": [(20_000, 50_500)],
        "stream 10": [(50_000, 71_000)],
        "per-thread 11": [],
        "stream 12": [],
    }


def test_barriers_of_a_device(held_back: Trace) -> None:
    lanes = {lane.label: lane for lane in rows_of(held_back).lanes}
    bars, names = lanes["barriers"].bars, lanes["barriers"].names
    spans = zip(bars.start.tolist(), bars.end.tolist(), bars.name.tolist(), strict=True)
    assert {(start, end, names[code]) for start, end, code in spans} >= {
        (50_000, 71_000, "1 held at the legacy default stream by stray"),
        (90_000, 121_000, "cudaFree waited for the device"),
    }
    assert not any("cudaMalloc" in name for name in names)  # it returned at once


def test_stamps_count_blocks(dependent: Trace) -> None:
    lanes = {lane.label: lane.bars for lane in rows_of(dependent).lanes}
    prologue = lanes["prologue"]
    assert (prologue.height * 4).round().tolist() == [1, 2, 3, 4]
    assert prologue.start[0] == 51_000
    assert prologue.end[-1] == 90_000
    assert "wait" in lanes


def test_host_rows(overlapped: Trace) -> None:
    lanes = {lane.label: lane for lane in rows_of(overlapped, repeat=0).lanes}
    assert [lanes["NVTX"].names[c] for c in lanes["NVTX"].bars.name] == ["batch"]
    hatched = [t for t in gantt(overlapped).data if t.name == "host waits"]
    assert list(hatched[0].hovertext) == ["cudaDeviceSynchronize"]
    assert hatched[0].marker.pattern.shape == "/"
    assert not any(lane.group == "host thread" for lane in rows_of(overlapped, host=False).lanes)


def test_window_shows_what_it_touches(overlapped: Trace) -> None:
    first = overlapped.span[0]
    rows = rows_of(overlapped, window=(first + 60_000, first + 70_000), host=False)
    shown = {int(r) for lane in rows.lanes if not lane.computed for r in lane.bars.row}
    start, end = (overlapped.column("activities", c) for c in ("start", "end"))
    expected = np.flatnonzero((start < first + 70_000) & (end > first + 60_000))
    assert shown == set(expected.tolist())
    figure = gantt(overlapped, window=(first + 60_000, first + 70_000))
    low, high = figure.layout.xaxis.range
    assert low < 0 < 10 < high


def test_crowded_rows_are_summed_up_exactly(crowded: Trace) -> None:
    rows = rows_of(crowded)
    assert rows.bars <= 5_000
    figure = gantt(crowded)
    assert len(figure.to_json()) < 1_000_000
    assert "20,000 activities" in figure.layout.annotations[-1].text
    start, end = (crowded.column("activities", c) for c in ("start", "end"))
    engine = crowded.column("activities", "engine")
    for lane in rows.lanes:
        if not lane.computed:
            mine = engine == crowded.names("activities", "engine").index(lane.label)
            assert lane.bars.count.sum() == mine.sum()
            covered = np.zeros(40_010_000, np.bool_)
            for s, e in zip(start[mine].tolist(), end[mine].tolist(), strict=True):
                covered[s:e] = True
            assert lane.bars.busy_ns.sum() == covered.sum()
            assert (lane.bars.height <= 1).all()


def test_few_bars_are_never_summed_up(overlapped: Trace) -> None:
    assert not any(lane.bucket_ns for lane in rows_of(overlapped).lanes)
    assert all("bars" not in a.text for a in gantt(overlapped).layout.annotations)


def test_an_empty_trace_draws_an_empty_figure(empty: Trace) -> None:
    figure = gantt(empty)
    assert len(figure.data) == 0
    assert json.loads(figure.to_json())["layout"]["xaxis"]["title"]["text"] == "time (ns)"
    assert len(compare({"a": empty, "b": empty}).data) == 0


def test_names_never_become_markup(hostile: Trace) -> None:
    figure = gantt(hostile)
    for trace in figure.data:
        assert "bold" not in (trace.hovertemplate or "")
        for words in [*(trace.hovertext or ()), *(trace.text or ()), trace.name]:
            assert "<" not in (words or "").replace("<br>", "")
            assert "\u202e" not in (words or "")
    for annotation in figure.layout.annotations:
        assert "<script" not in annotation.text
    assert len(figure.to_json()) < 100_000


def test_compare_aligns_the_first_activities(serial: Trace, overlapped: Trace) -> None:
    figure = compare({"serial": serial, "overlapped": overlapped})
    copies = [t for t in figure.data if t.name == "H2D copy"]
    assert sorted(float(b) for b in copies[0].base)[:2] == [0.0, 0.0]
    words = [a.text for a in figure.layout.annotations]
    assert any("serial: 440.0 µs, 0% of copy time hidden" in w for w in words)
    assert any("overlapped: 240.0 µs (−45.5%)" in w for w in words)
    assert len(figure.layout.shapes) == 2


def test_families_keep_their_shade_in_every_variant(serial: Trace, overlapped: Trace) -> None:
    figure = compare({"serial": serial, "overlapped": overlapped})
    fills = {t.marker.color for t in figure.data if t.name == "scale"}
    assert fills == {"#0072B2"}


def test_themes_differ(overlapped: Trace) -> None:
    light, dark = (gantt(overlapped, theme=t).layout.paper_bgcolor for t in ("light", "dark"))
    assert light == "#FFFFFF" != dark


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"repeat": 1}, "no repeat 1"),
        ({"repeat": -1}, "no repeat -1"),
        ({"window": (5, 5)}, "empty"),
    ],
)
def test_wrong_parts_are_refused(overlapped: Trace, options: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        gantt(overlapped, **options)


def test_rows_that_tell_most(overlapped: Trace, held_back: Trace, dependent: Trace) -> None:
    assert chosen_rows("auto", [overlapped, held_back]) == "engine"
    assert chosen_rows("auto", [held_back]) == "stream"
    assert chosen_rows("auto", [dependent]) == "engine"
    assert chosen_rows("engine", [held_back]) == "engine"


def test_the_median_repeat_stands_for_all(overlapped: Trace, serial: Trace) -> None:
    spans = ((1_051_000, 1_100_000), (0, 1_051_000), (1_100_000, 2**40))
    assert chosen_repeat("median", overlapped.replace(repeats=spans)) == 1
    assert chosen_repeat("median", serial) is None
    assert chosen_repeat(1, serial) is None
    assert chosen_repeat(None, overlapped) is None


def test_comparing_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="nothing to compare"):
        compare({})
