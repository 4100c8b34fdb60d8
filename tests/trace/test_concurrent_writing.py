"""Two that write to the same place: one wins, the other says so, and the trace is whole."""

import subprocess
import sys
import threading
from pathlib import Path

from timeline.errors import OutputError
from timeline.trace import Meta, Trace, table
from timeline.trace.writer import TraceWriter

WRITERS = 8


def trace_of(rows: int) -> Trace:
    times = {"start": list(range(rows)), "end": list(range(1, rows + 1))}
    activities = {"name": [f"of writer {rows}"] * rows, **times}
    return Trace.from_tables(Meta("sim"), {"activities": table("activities", activities)})


def at_once(target: Path, write: object) -> list[str]:
    """What became of each of several writers that begin together: ``""`` or an error."""
    said = ["never ran"] * WRITERS
    start = threading.Barrier(WRITERS)

    def run(number: int) -> None:
        start.wait()
        try:
            write(target, number)  # type: ignore[operator]
            said[number] = ""
        except OutputError as error:
            said[number] = str(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


def one_won(target: Path, said: list[str]) -> None:
    (winner,) = [number for number, words in enumerate(said) if not words]
    assert all(str(target) in words for words in said if words)
    assert len(Trace.load(target).activities) == winner + 1
    assert [path.name for path in target.parent.iterdir()] == [target.name], "nothing else is left"


def test_traces_saved_at_once(tmp_path: Path) -> None:
    for attempt in range(10):
        target = tmp_path / str(attempt) / "same"
        target.parent.mkdir()
        one_won(target, at_once(target, lambda path, n: trace_of(n + 1).save(path)))


def test_recordings_begun_at_once(tmp_path: Path) -> None:
    """Each appends a part as long as its number; parts of two are never mixed."""

    def record(path: Path, number: int) -> None:
        writer = TraceWriter(path)
        for row in range(number + 1):
            writer.append({"activities": trace_of(number + 1).activities.slice(row, 1)})
        writer.close()

    for attempt in range(5):
        target = tmp_path / str(attempt) / "same"
        target.parent.mkdir()
        one_won(target, at_once(target, record))


def test_beside_each_other_all_are_whole(tmp_path: Path) -> None:
    said = at_once(tmp_path, lambda path, n: trace_of(n + 1).save(path / "made" / str(n)))
    assert said == [""] * WRITERS
    for number in range(WRITERS):
        assert len(Trace.load(tmp_path / "made" / str(number)).activities) == number + 1


def test_two_runs_of_the_command_into_one_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "timeline", "run", "pinned_vs_pageable", "--backend", "sim"]
    command += ["--device", "h200", "-o", str(tmp_path / "runs")]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [one.communicate(timeout=120)[1] for one in both]
    codes = sorted(one.returncode for one in both)
    assert codes in ([0, 2], [0, 0]), told
    if codes == [0, 2]:
        (words,) = [text for text, one in zip(told, both, strict=True) if one.returncode]
        assert "choose another" in words
    for variant in (tmp_path / "runs" / "pinned_vs_pageable").iterdir():
        assert len(Trace.load(variant).activities) > 0
