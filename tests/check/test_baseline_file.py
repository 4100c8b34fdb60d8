"""The file of a baseline: read back whole, refused when damaged, never half written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from timeline.check import Baseline, Entry, Rules, entry_of, read_baseline, write_baseline
from timeline.check.changes import changes
from timeline.errors import OutputError, UsageError
from timeline.trace import Trace

MakePipeline = Callable[..., Trace]
Measure = Callable[..., Entry]


@pytest.fixture
def baseline(make_pipeline: MakePipeline, entry: Measure) -> Baseline:
    rules = Rules().with_more(ranges=["chunk *"], windows=["0us:50us"])
    return Baseline((entry(make_pipeline(labels={"chunks": 4}), rules),))


@pytest.fixture
def written(baseline: Baseline, tmp_path: Path) -> Path:
    write_baseline(baseline, tmp_path / "overlap.json")
    return tmp_path / "overlap.json"


def test_it_is_read_back_whole(baseline: Baseline, written: Path) -> None:
    (old,), (new,) = baseline.entries, read_baseline(written).entries
    assert new.identity == old.identity
    assert dict(new.provenance) == dict(old.provenance)
    assert new.figures == old.figures
    assert new.sketch.words == old.sketch.words
    for key, column in old.sketch.columns.items():
        assert new.sketch.columns[key].tolist() == column.tolist()


def test_writing_again_gives_the_same_bytes(written: Path) -> None:
    text = written.read_bytes()
    write_baseline(read_baseline(written), written)
    assert written.read_bytes() == text


def test_a_figure_is_a_line(written: Path) -> None:
    lines = [line.strip() for line in written.read_text().splitlines()]
    assert '"dropped": [0]' in lines
    makespans = [line for line in lines if line.startswith('"makespan": [')]
    assert len(makespans) == 6  # of the whole, four chunks and a window


def change(path: Path, edit: Callable[[Any], Any]) -> None:
    value = json.loads(path.read_text())
    edit(value)
    path.write_text(json.dumps(value))


def values_of(value: Any) -> Any:
    return value["entries"][0]["figures"][1]["values"]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda v: v.update(version=2), "of version 2, this timeline reads 1"),
        (lambda v: v.update(format="other"), "no baseline of timeline"),
        (lambda v: v.clear(), "no baseline of timeline"),
        (lambda v: v.pop("entries"), "'entries' is missing"),
        (lambda v: v["entries"][0].pop("sketch"), "'sketch' is missing"),
        (lambda v: v["entries"][0]["sketch"]["start"].append(1), "columns differ in length"),
        (lambda v: v["entries"][0]["sketch"]["name"].__setitem__(0, 99), "word that is not there"),
        (lambda v: v["entries"][0]["figures"][1].update(scope="galaxy"), "no scope 'galaxy'"),
        (lambda v: values_of(v).update(makespn=[1]), "no measure 'makespn'"),
        (lambda v: values_of(v).update(makespan=["1"]), "'1' is no figure"),
        (lambda v: values_of(v).update(makespan=[None]), "None is no figure"),
        (lambda v: values_of(v).update(makespan=[float("nan")]), "NaN is no figure"),
        (lambda v: values_of(v).update(makespan=[True]), "True is no figure"),
        (lambda v: values_of(v).update(makespan=3), "damaged"),
    ],
)
def test_damage_is_said_in_a_line(edit: Callable[[Any], Any], words: str, written: Path) -> None:
    change(written, edit)
    with pytest.raises(UsageError) as raised:
        read_baseline(written)
    assert str(written) in str(raised.value)
    assert words in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_said(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "overlap.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="not the JSON of a baseline"):
        read_baseline(path)


def test_a_missing_one_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="make one with timeline baseline"):
        read_baseline(tmp_path / "overlap.json")


def test_what_can_not_be_written_leaves_the_old_one(baseline: Baseline, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(OutputError):
        write_baseline(baseline, tmp_path / "file" / "overlap.json")
    assert (tmp_path / "file").read_text() == "kept"


def test_recordings_of_the_same_are_pooled(make_pipeline: MakePipeline) -> None:
    first, second = make_pipeline(), make_pipeline(factors=[1.1, 1.2])
    pooled = entry_of([first, second], "step").figures
    alone = [entry_of([trace], "step").figures for trace in (first, second)]
    for place, figures in pooled.items():
        for name, found in figures.items():
            assert found.values == alone[0][place][name].values + alone[1][place][name].values


def test_recordings_of_different_things_are_not_pooled(make_pipeline: MakePipeline) -> None:
    traces = [make_pipeline(), make_pipeline(device="other")]
    with pytest.raises(UsageError, match="not of the same"):
        entry_of(traces, "step")


def test_changes_are_what_moved_came_or_went(make_pipeline: MakePipeline, entry: Measure) -> None:
    before, now = entry(make_pipeline()), entry(make_pipeline(kernel=1.1, kernel_name="other"))
    assert not list(changes(before, before))
    told = {str(change) for change in changes(before, now)}
    assert "busy[SM], device 0 800.0 µs → 880.0 µs (+10.0 %)" in told
    assert "duration[scale], device 0 800.0 µs → nothing" in told
    assert "duration[other], device 0 nothing → 880.0 µs" in told
    assert not any(text.startswith("busy[H2D]") for text in told)
