"""In-kernel traces of Proton, written as its writer does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timeline.errors import TraceError
from timeline.formats import ImportOptions, detect, read_foreign
from timeline.trace import Trace

Read = Callable[..., Trace]


def scope(
    name: str,
    start: float,
    lasts: float,
    kernel: str = "gemm",
    where: tuple[int, int, int] = (7, 3, 0),
) -> dict[str, Any]:
    sm, block, warp = where
    return {
        "args": {"Finalization Time (ns)": 12, "Frequency (MHz)": 1000.0, "call_stack": []},
        "cat": kernel,
        "cname": "cq_build_running",
        "dur": lasts,
        "name": name,
        "ph": "X",
        "pid": f"{kernel} Core{sm} CTA{block}",
        "tid": f"warp {warp} (line 0)",
        "ts": start,
    }


def document(*events: Any) -> bytes:
    whole = {"displayTimeUnit": "ns", "traceEvents": list(events)}
    return json.dumps(whole, separators=(",", ":")).encode()


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read(content: bytes, *, lenient: bool = False) -> Trace:
        path = tmp_path / "kernel.chrome_trace"
        path.write_bytes(content)
        found = detect(path)
        assert found is not None
        assert found.name == "proton"
        return read_foreign(path, ImportOptions(lenient=lenient))

    return read


def test_scopes_are_stamps_of_their_block(read: Read) -> None:
    trace = read(
        document(
            scope("load", 1.0, 0.5),
            scope("compute", 1.25, 1.0000001192092896),
            scope("load", 2.5, 0.125, where=(8, 4, 0)),
            scope("store", 9.0, 1.0, kernel="other kernel"),
        )
    )
    stamps = trace.tables["stamps"].to_pylist()
    columns = ("role", "block", "sm", "start", "end", "correlation")
    assert [tuple(row[c] for c in columns) for row in stamps] == [
        ("load", 3, 7, 0, 500, 1),
        ("compute", 3, 7, 250, 1250, 1),
        ("load", 4, 8, 1500, 1625, 1),
        ("store", 3, 7, 8000, 9000, 2),
    ]
    work = trace.activities.to_pylist()
    assert [(row["name"], row["start"], row["end"], row["correlation"]) for row in work] == [
        ("gemm", 0, 1625, 1),
        ("other kernel", 8000, 9000, 2),
    ]
    assert {row["engine"] for row in work} == {"SM"}
    assert "first stamp to its last one" in trace.meta.notes[0]


def test_several_warps_are_lanes_of_their_own(read: Read) -> None:
    trace = read(document(scope("a", 1, 1), scope("a", 1, 2, where=(7, 3, 4))))
    assert trace.tables["stamps"]["role"].to_pylist() == ["a (warp 0)", "a (warp 4)"]


def test_the_timeline_of_a_kernel_can_be_drawn(read: Read, tmp_path: Path) -> None:
    from timeline.cli import main

    read(document(*(scope("a", n, 0.5, where=(n, n, 0)) for n in range(4))))
    file, picture = str(tmp_path / "kernel.chrome_trace"), str(tmp_path / "k.svg")
    assert main(["gantt", file, "--kernel", "gemm", "--sms", "2", "-o", picture]) == 0
    assert main(["report", file]) == 0


@pytest.mark.parametrize(
    ("event", "what"),
    [
        (scope("a", 1, -1), "negative durations"),
        (scope("a", 1, 1) | {"ts": "soon"}, "start times that is no number"),
        (scope("a", 1, 1) | {"name": 5}, "names that are no text"),
        (5, "no JSON objects"),
    ],
)
def test_unsound_events_are_named_or_counted(read: Read, event: Any, what: str) -> None:
    content = document(scope("a", 1, 1), event)
    with pytest.raises(TraceError, match=rf"kernel\.chrome_trace: byte \d+: .*{what}"):
        read(content)
    trace = read(content, lenient=True)
    assert trace.tables["stamps"].num_rows == 1
    assert any(what in note for note in trace.meta.notes)


def test_other_events_are_left_aside(read: Read) -> None:
    trace = read(document(scope("a", 1, 1), {"ph": "M", "name": "x"}))
    assert "Left aside: 1 events that are no scope of a warp." in trace.meta.notes


def test_a_file_that_ends_too_early(read: Read) -> None:
    content = document(scope("a", 1, 1), scope("b", 2, 1))[:-20]
    with pytest.raises(TraceError, match="file that ends too early"):
        read(content)
    assert read(content, lenient=True).tables["stamps"].num_rows == 1


WHOLE = document(scope("a", 1, 1), scope("b", 2, 1))


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=12), st.booleans())
@settings(max_examples=100, deadline=None)
def test_bytes_overwritten_anywhere(place: int, change: bytes, lenient: bool) -> None:
    from tempfile import TemporaryDirectory

    from timeline.formats import by_name

    with TemporaryDirectory() as folder:
        path = Path(folder) / "f"
        path.write_bytes(WHOLE[:place] + change + WHOLE[place + len(change) :])
        try:
            by_name("proton").read(path, ImportOptions(lenient=lenient))
        except TraceError as error:
            said = str(error)
        else:
            return
    assert said.startswith(str(path))
    assert "\n" not in said
