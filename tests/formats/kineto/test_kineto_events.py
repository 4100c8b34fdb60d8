"""Single events: times without a float, categories, lanes; and shapes against the plain reader."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.formats import open_trace
from timeline.formats.kineto.digits import count_digits, digits, gather
from timeline.formats.kineto.event import Number, nanoseconds
from timeline.formats.kineto.window import PADDING
from timeline.trace import Trace

Read = Callable[..., Trace]


@given(
    st.lists(st.tuples(st.integers(0, 10**19 - 1), st.sampled_from(",.\n }x\xff\0")), min_size=1)
)
def test_digits_are_read_at_any_place(found: list[tuple[int, str]]) -> None:
    pieces = [f"{number}{end}".encode("latin-1") for number, end in found]
    places = np.cumsum([0, *map(len, pieces)])[:-1]
    words = gather(bytearray(b"".join(pieces) + bytes(PADDING)), places, 3)
    value, count = digits(words)
    assert value.tolist() == [number for number, _ in found]
    assert count.tolist() == count_digits(words).tolist() == [len(p) - 1 for p in pieces]


@given(st.integers(-(10**15), 10**15), st.integers(0, 10**9 - 1), st.integers(0, 9))
def test_times_are_exact(whole: int, fraction: int, places: int) -> None:
    text = f"{whole}.{fraction:09d}"[: len(str(whole)) + 1 + places] if places else str(whole)
    exact = Fraction(text) * 1000
    assert nanoseconds(Number(text), "times") == round(exact)


def test_times_of_unix_keep_their_ns(read: Read) -> None:
    """As a double, 1700000000000000.123 us is 1700000000000000.0 or .25."""
    text = (
        b'[{"ph":"X","cat":"kernel","name":"k","pid":0,"tid":7,"ts":1700000000000000.123,'
        b'"dur":0.001},{"ph":"X","cat":"kernel","name":"k","pid":0,"tid":7,'
        b'"ts":1700000000000000.124,"dur":1e-3}]'
    )
    trace = read(text)
    assert trace.meta.epoch_ns == 1700000000000000123
    assert trace.column("activities", "start").tolist() == [0, 1]
    assert trace.column("activities", "end").tolist() == [1, 2]


def test_only_the_category_decides(read: Read) -> None:
    """A Triton operator that carries a stream is no work; other vendors' rows are counted."""
    base = {"ph": "X", "name": "triton_poi_0", "pid": 0, "tid": 7, "ts": 1, "dur": 5}
    on_stream = {"args": {"stream": 7, "device": 0}}
    trace = read(
        [
            {**base, "cat": "cpu_op", **on_stream},
            {**base, "cat": "mtia_ccp_events", **on_stream},
            {**base, "cat": "cuda_runtime", "name": "hipLaunchKernel"},
            {**base, "cat": "kernel", **on_stream},
        ]
    )
    assert trace.activities.num_rows == 1
    assert trace.tables["ranges"].num_rows == 1
    assert set(trace.meta.notes) >= {
        "Left aside: 1 events of category mtia_ccp_events.",
        "Left aside: 1 HIP runtime calls.",
    }


def test_repeated_and_unordered_events(read: Read) -> None:
    one = {"ph": "X", "cat": "kernel", "name": "k", "pid": 0, "tid": 7, "ts": 9, "dur": 5}
    other = {**one, "ts": 1}
    twin = {**one, "pid": 1}
    trace = read([one, other, one, twin])
    assert trace.column("activities", "start").tolist() == [0, 8000, 8000]
    assert sorted(trace.column("activities", "device").tolist()) == [0, 0, 1]
    assert "Left aside: 1 activities that are in the file a second time." in trace.meta.notes


def test_work_before_its_launch_is_flagged(read: Read) -> None:
    kernel = {"ph": "X", "cat": "kernel", "name": "k", "pid": 0, "tid": 7, "ts": 1, "dur": 5}
    call = {"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "pid": 9, "tid": 9}
    both = {"args": {"correlation": 4}}
    trace = read([{**kernel, **both}, {**call, "ts": 3, "dur": 1, **both}])
    assert any("1 activities that start before the call" in note for note in trace.meta.notes)
    assert trace.column("activities", "process").tolist() == [9]


def test_work_after_the_recording_is_flagged(read: Read) -> None:
    kernel = {"ph": "X", "cat": "kernel", "name": "k", "pid": 0, "tid": 7, "dur": 5}
    end = {"ph": "i", "s": "g", "name": "Record Window End", "pid": "", "tid": ""}
    late = "activities that end after the recording"
    trace = read([{**kernel, "ts": 1}, {**kernel, "ts": 8}, {**end, "ts": 10}])
    assert [note for note in trace.meta.notes if late in note] == [
        f"Unsound: 1 {late}, kept as they are (first at activity 2)."
    ]
    assert trace.rows("activities") == 2
    for sound in (13, "x"):
        trace = read([{**kernel, "ts": 1}, {**kernel, "ts": 8}, {**end, "ts": sound}])
        assert not any(late in note for note in trace.meta.notes)


def test_lanes_of_jax(read: Read) -> None:
    def named(what: str, pid: int, tid: int, name: str) -> dict[str, Any]:
        return {"ph": "M", "name": what, "pid": pid, "tid": tid, "args": {"name": name}}

    def span(pid: int, tid: int, name: str, **args: Any) -> dict[str, Any]:
        return {"ph": "X", "pid": pid, "tid": tid, "name": name, "ts": 1.5, "dur": 2, "args": args}

    trace = read(
        {
            "displayTimeUnit": "ns",
            "traceEvents": [
                span(1, 14, "fusion", correlation_id="5", kernel_details="regs:32 grid:4,1,1"),
                span(1, 15, "MemcpyH2D", memcpy_details="kind_src:pinned kind_dst:device size:64"),
                span(1, 90, "fusion.1"),
                span(7, 3, "cuLaunchKernel", correlation_id="5"),
                span(7, 3, "PjitFunction(step)"),
                named("process_name", 1, 0, "/device:GPU:2"),
                named("thread_name", 1, 14, "Stream #14(Compute)"),
                named("thread_name", 1, 15, "Stream #15(MemcpyH2D)"),
                named("thread_name", 1, 90, "XLA Ops"),
                named("process_name", 7, 0, "/host:CPU"),
            ],
        }
    )
    rows = {row["name"]: row for row in trace.activities.to_pylist()}
    fusion, copy = rows["fusion"], rows["Memcpy HtoD (Pinned -> Device)"]
    assert (fusion["device"], fusion["stream"], fusion["correlation"]) == (2, 14, 5)
    assert (fusion["grid"], fusion["registers"], fusion["engine"]) == ([4, 1, 1], 32, "SM")
    assert (copy["engine"], copy["bytes"], copy["src_kind"]) == ("H2D", 64, "pinned")
    assert trace.tables["device_ranges"]["category"].to_pylist() == ["XLA Ops"]
    assert trace.tables["calls"]["api"].to_pylist() == ["driver"]
    assert trace.tables["ranges"]["name"].to_pylist() == ["PjitFunction(step)"]


KERNEL = """  {{
    "ph": "X", "cat": "{cat}", "name": {name}, "pid": {device}, "tid": {lane},
    "ts": {ts}, "dur": {dur},
    "args": {{
      "External id": {number},      "queued": 0, "device": {device}, "context": 1,      {more}
      "stream": {stream}, "correlation": {number},      "registers per thread": {registers},
      "blocks per SM": {share},      "grid": [{grid}, 1, 1],      "block": [128, 1, 1]
    }}
  }}"""

NAMES = ("k", 'a"b', "\u00e9", "l{x}", "\\", ', "pid": 3', "  {\n")
TIMES = ("5", "5.1", "5.125", "1700000000000000.125", "12345678.9", "5e2", "1.0005")

lines = st.builds(
    KERNEL.format,
    cat=st.sampled_from(["kernel", "gpu_memset", "cuda_runtime", "cpu_op", "odd"]),
    name=st.sampled_from(["k", 'a"b', "\u00e9", "l{x}", "\\", ', "pid": 3', "  {\n"]).map(
        json.dumps
    )
    | st.sampled_from(['"\u00e9"', '"}, {"']),
    device=st.integers(0, 1),
    lane=st.sampled_from([7, 20, '"stream 7"']),
    stream=st.sampled_from([7, 20, -1]),
    ts=st.sampled_from(
        ["5", "5.1", "5.125", "1700000000000000.125", "12345678.9", "5e2", "1.0005"]
    ),
    dur=st.sampled_from(["0", "3.5", "1234567.125", "12"]),
    number=st.sampled_from([0, 7, 12345678, 123456789, 10**17]),
    registers=st.integers(0, 300),
    share=st.sampled_from(["0.125", "3", "1e-05", "0.12345678901234567"]),
    grid=st.sampled_from([1, 4000, 99999999]),
    more=st.sampled_from(["", '"graph id": 5,', '"dtype": "Float16", "Group size": 8,']),
)


@given(st.lists(lines, min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_shapes_read_what_the_plain_reader_does(found: list[str]) -> None:
    """The same events on the lines of Kineto, and all on one line, where no shape can match."""
    text = '{\n  "schemaVersion": 1,\n  "traceEvents": [\n' + ",\n".join(found) + "\n  ]\n}"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.json"
        traces = []
        for content in (text, text.replace("\n", " ")):
            path.write_text(content, encoding="utf-8")
            traces.append(open_trace(path))
    for name, table in traces[0].tables.items():
        rows = [sorted(map(str, one.to_pylist())) for one in (table, traces[1].tables[name])]
        assert rows[0] == rows[1]
    assert traces[0].meta.epoch_ns == traces[1].meta.epoch_ns


@pytest.mark.parametrize("size", [1 << 12, 1 << 13, 40_000])
def test_windows_of_any_size_read_the_same(
    size: int,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows_of: Callable[[Trace], dict[str, Any]],
) -> None:
    whole = open_trace(data / "alexnet_cuda_sync.json.gz")
    from timeline.formats.kineto import window

    monkeypatch.setattr(window.Window.__init__, "__defaults__", (size,))
    assert rows_of(open_trace(data / "alexnet_cuda_sync.json.gz")) == rows_of(whole)
