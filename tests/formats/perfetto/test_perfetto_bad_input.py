"""Files that are damaged, wrong or hostile: one line that names the place, or what is sound."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.errors import TraceError
from timeline.formats import ImportOptions, Limits, by_name, detect, read_foreign
from timeline.formats.perfetto.encoding import Message, Part, Varint, encoded, text
from timeline.trace import Trace

ROOT = Path(__file__).parents[3]


def small() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.pftrace"
        trace = Trace.load(ROOT / "samples" / "graph_capture" / "graph")
        few = {name: table.slice(0, 12) for name, table in trace.tables.items()}
        by_name("perfetto").write(Trace.from_tables(trace.meta, few), path)
        return path.read_bytes()


WHOLE = small()


def held(content: bytes, options: ImportOptions) -> Trace | None:
    """What comes of a file; None for one line that names it. Anything else is a fault."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "f.pftrace"
        path.write_bytes(content)
        try:
            return by_name("perfetto").read(path, options)
        except TraceError as error:
            said = str(error)
    assert said.startswith(str(path))
    assert "\n" not in said
    return None


def test_the_file_itself_is_sound() -> None:
    assert held(WHOLE, ImportOptions()) is not None


@given(st.integers(1, len(WHOLE) - 1))
@settings(max_examples=60, deadline=None)
def test_cut_anywhere(place: int) -> None:
    strict, lenient = (held(WHOLE[:place], ImportOptions(lenient=one)) for one in (False, True))
    assert lenient is not None
    assert lenient.activities.num_rows <= 12
    if strict is not None:  # cut between two packets, before the first slice or after the last
        assert not lenient.meta.notes or not strict.meta.notes


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=12), st.booleans())
@settings(max_examples=150, deadline=None)
def test_bytes_overwritten_anywhere(place: int, change: bytes, lenient: bool) -> None:
    content = WHOLE[:place] + change + WHOLE[place + len(change) :]
    held(content, ImportOptions(lenient=lenient))


@given(st.binary(max_size=60), st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_bytes_as_a_packet(content: bytes, lenient: bool) -> None:
    packet = encoded([text(1, content)]).tobytes()
    held(packet, ImportOptions(lenient=lenient))
    held(WHOLE + packet, ImportOptions(lenient=lenient))
    held(content, ImportOptions(lenient=lenient))


def packets(*found: list[Part]) -> bytes:
    return b"".join(encoded([Message(1, parts)]).tobytes() for parts in found)


def test_the_end_inside_a_packet_is_named() -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cut.pftrace"
        path.write_bytes(WHOLE[:-3])
        with pytest.raises(TraceError, match=r"cut\.pftrace: byte [\d,]+: a file that ends inside"):
            read_foreign(path)
        trace = read_foreign(path, ImportOptions(lenient=True))
        assert any(note.startswith("Unsound: 1 a file that ends") for note in trace.meta.notes)


def test_something_else_is_no_perfetto_trace(tmp_path: Path) -> None:
    for name, content in {
        "empty": b"",
        "text": b"\nlines of a text\n",
        "zeros": bytes(100),
        "json": b'{"traceEvents": []}',
        "newlines": b"\n" * 100,
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        found = detect(path)
        assert found is None or found.name != "perfetto", name


def test_a_packet_has_a_limit(tmp_path: Path) -> None:
    content = packets([text(36, bytes(3 << 20))])
    assert held(content, ImportOptions()) is not None
    path = tmp_path / "large.pftrace"
    path.write_bytes(content)
    options = ImportOptions(limits=Limits(event_bytes=1 << 20))
    with pytest.raises(TraceError, match=r"a packet of more than 1,048,576 bytes; .*--max-event"):
        read_foreign(path, options)


def test_texts_that_are_not_utf8() -> None:
    event: list[Part] = [Varint(9, 3), text(23, b"n\xff"), Varint(11, 1)]
    content = packets([Varint(8, 5), Message(11, event)])
    assert held(content, ImportOptions()) is None
    trace = held(content, ImportOptions(lenient=True))
    assert trace is not None
    assert trace.tables["ranges"]["name"].to_pylist() == ["n\ufffd"]


def test_times_out_of_range() -> None:
    content = packets([Varint(8, 2**63), Message(11, [Varint(9, 3)])])
    assert held(content, ImportOptions()) is None
    assert held(content, ImportOptions(lenient=True)) is not None


@pytest.mark.parametrize(
    "own",
    [
        '{"meta": {"format": "timeline-trace", "version": 2, "source": "x"}, "tracks": {"a": 1}}',
        '{"meta": {"format": "timeline-trace", "version": 2, "source": "x"}, '
        '"tracks": {"1": ["host", 1e99, null]}}',
        '{"meta": {"format": "timeline-trace", "version": 99, "source": "x"}}',
    ],
)
def test_descriptions_that_lie_are_one_line(own: str) -> None:
    attribute = Message(1, [text(1, "timeline"), text(3, own)])
    assert held(packets([Message(126, [attribute])]), ImportOptions()) is None


@pytest.mark.parametrize(
    "rows",
    [
        "[",
        '{"table": ["events"]}',
        '{"table": "activities", "columns": {}}',
        '{"table": "streams", "columns": {"stream": ["no number"]}}',
        '{"table": "streams", "columns": {"stream": 7, "device": [1, 2]}}',
    ],
)
def test_rows_that_lie_are_one_line(rows: str) -> None:
    own = '{"meta": {"format": "timeline-trace", "version": 2, "source": "x"}, "tracks": {}}'
    said: list[list[Part]] = [
        [Message(126, [Message(1, [text(1, key), text(3, value)])])]
        for key, value in (("timeline", own), ("timeline.rows", rows))
    ]
    assert held(packets(*said), ImportOptions()) is None


def test_tracks_that_are_their_own_parents() -> None:
    tracks: list[list[Part]] = [
        [Message(60, [Varint(1, 1), Varint(5, 2)])],
        [Message(60, [Varint(1, 2), Varint(5, 1)])],
        [Varint(8, 5), Message(11, [Varint(9, 3), Varint(11, 1)])],
    ]
    trace = held(packets(*tracks), ImportOptions())
    assert trace is not None
    assert trace.tables["ranges"].num_rows == 1
