"""Files that are damaged, wrong or hostile: one line that names the place, or what is sound."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.errors import TraceError
from timeline.formats import ImportOptions, Limits, open_trace, read_foreign
from timeline.trace import Trace

DATA = Path(__file__).parents[2] / "data" / "kineto"
WHOLE = gzip.decompress((DATA / "event_sync_multi_stream.json.gz").read_bytes())
LENIENT = ImportOptions(lenient=True)

Read = Callable[..., Trace]


def kernel(number: int = 1, **changes: Any) -> dict[str, Any]:
    args = {"device": 0, "context": 1, "stream": 7, "correlation": number}
    event = {"ph": "X", "cat": "kernel", "name": "k", "pid": 0, "tid": 7, "ts": number, "dur": 1}
    return {**event, "args": args, **changes}


def document(*events: Any, **more: Any) -> dict[str, Any]:
    return {"schemaVersion": 1, "traceEvents": list(events), **more}


@pytest.mark.parametrize(
    ("event", "what"),
    [
        (kernel(dur=-1), "negative durations"),
        (kernel(ts="soon"), "start times that is no number"),
        (kernel(ts=10**40), "beyond 64 bits"),
        (kernel(ts=None), "no number"),
        (kernel(dur=[1]), "durations that is no number"),
        (kernel(name=7), "names that are no text"),
        (kernel(args=[1]), "arguments that are no JSON object"),
        (kernel(args={"device": 2**40}), "'device' that are too large"),
        (kernel(args={"stream": 1.5}), "'stream' that are no integer"),
        (kernel(args={"grid": [1, 2]}), "grids or blocks"),
        (7, "no JSON objects"),
        ([[]], "no JSON objects"),
    ],
)
def test_a_wrong_event_is_named_or_counted(read: Read, event: Any, what: str) -> None:
    content = document(kernel(1), event, kernel(3))
    with pytest.raises(TraceError, match=rf"trace\.json: byte [\d,]+: .*{what}.*--lenient"):
        read(content)
    trace = read(content, LENIENT)
    assert trace.activities.num_rows == 2
    assert any(what in note and note.startswith("Unsound: 1 ") for note in trace.meta.notes)


@pytest.mark.parametrize("lenient", [False, True])
def test_ten_gigabytes_of_brackets_are_not_read(read: Read, lenient: bool) -> None:
    content = b'{"schemaVersion": 1, "traceEvents": [' + b"[" * 3_000_000
    options = ImportOptions(lenient=lenient)
    if lenient:
        assert read(content, options).activities.num_rows == 0
        return
    with pytest.raises(TraceError, match="nested deeper than 64"):
        read(content, options)


def test_flat_values_have_a_limit(read: Read) -> None:
    content = b'{"schemaVersion": 1, "x": [' + b"[]," * 400_000 + b"[]]}"
    limits = Limits(event_bytes=100_000, nesting=10**9)
    small = b'{"schemaVersion": 1, "x": [1], "traceEvents": []}'
    assert read(small, ImportOptions(limits=limits)).activities.num_rows == 0
    with pytest.raises(TraceError, match="byte"):
        read(content, ImportOptions(limits=limits))


def test_a_decompression_bomb_stops_early(tmp_path: Path) -> None:
    path = tmp_path / "bomb.json.gz"
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = b'{"schemaVersion": 1, "traceEvents": [' + b" " * (1 << 20)
    spaces = b" " * (1 << 20)
    pieces = [packer.compress(head), *(packer.compress(spaces) for _ in range(200))]
    path.write_bytes(b"".join([*pieces, packer.flush()]))
    with pytest.raises(TraceError, match=r"expands more than 200-fold; .*--max-ratio"):
        open_trace(path)


def test_names_that_are_not_utf8(read: Read) -> None:
    content = json.dumps(document(kernel(1, name="na")), indent=1).encode()
    wrong = content.replace(b'"na"', b'"n\xff"')
    with pytest.raises(TraceError, match=r"byte [\d,]+: texts that are not UTF-8"):
        read(wrong)
    assert read(wrong, LENIENT).activities["name"].to_pylist() == ["n\ufffd"]


def test_what_is_no_trace_at_all(tmp_path: Path, read: Read) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"schemaVersion": 1, "events": []}')
    with pytest.raises(TraceError, match="no 'traceEvents' in it"):
        read_foreign(path)
    with pytest.raises(TraceError, match="byte 36: no JSON"):
        read(b'{"schemaVersion": 1, "traceEvents": ]}')


def held(content: bytes, options: ImportOptions) -> Trace | None:
    """What comes of a file; None for one line that names it. Anything else is a fault."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "f.json"
        path.write_bytes(content)
        try:
            return read_foreign(path, options)
        except TraceError as error:
            said = str(error)
    assert said.startswith(str(path))
    assert "\n" not in said
    return None


@given(st.integers(0, len(WHOLE.rstrip()) - 1))
@settings(max_examples=60, deadline=None)
def test_cut_anywhere(place: int) -> None:
    assert held(WHOLE[:place], ImportOptions()) is None
    trace = held(WHOLE[:place], LENIENT)
    assert trace is None or trace.activities.num_rows <= 6


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=12), st.booleans())
@settings(max_examples=100, deadline=None)
def test_bytes_overwritten_anywhere(place: int, change: bytes, lenient: bool) -> None:
    content = WHOLE[:place] + change + WHOLE[place + len(change) :]
    held(content, ImportOptions(lenient=lenient))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)
keys = st.sampled_from(["ph", "cat", "name", "pid", "tid", "ts", "dur", "args", "id"])
events = st.builds(
    lambda number, key, value: kernel(number, **{key: value}), st.integers(0, 9), keys, values
)


@given(st.lists(events, max_size=6), st.booleans(), st.sampled_from([None, 1, 2]))
@settings(max_examples=100, deadline=None)
def test_any_value_anywhere(found: list[Any], lenient: bool, indent: int | None) -> None:
    content = json.dumps(document(*found), indent=indent).encode()
    held(content, ImportOptions(lenient=lenient))
