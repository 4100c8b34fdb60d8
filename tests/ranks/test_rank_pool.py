"""Processes that measure ranks, whatever program it is that starts them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from timeline.errors import TraceError
from timeline.ranks import measure
from timeline.ranks.pool import WorkerLostError, map_in_processes

SCRIPT = """
import pathlib, sys
pathlib.Path(sys.argv[1]).open("a").write("ran\\n")
from timeline.ranks import on_cores
for found in on_cores(2)(sys.argv[2:], lambda place: None):
    print(found.rank, found.devices[0].activities)
"""
"""No ``if __name__ == "__main__"``: as a page of the dashboard, and as many a user's script."""


def silent(_place: str) -> None:
    return None


def test_the_program_that_asks_is_not_run_again(run_folder: Path, tmp_path: Path) -> None:
    script, runs = tmp_path / "script.py", tmp_path / "runs"
    script.write_text(SCRIPT)
    places = sorted(map(str, run_folder.glob("rank*")))[:3]
    command = [sys.executable, str(script), str(runs), *places]
    path = os.pathsep.join(filter(None, sys.path))
    environment = {**os.environ, "PYTHONPATH": path}
    found = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=60, env=environment
    )
    assert [line.split()[0] for line in found.stdout.splitlines()] == ["0", "1", "2"]
    assert runs.read_text() == "ran\n"


def test_order_is_kept_and_what_is_printed_does_not_matter() -> None:
    places = [f"print('noise') or {i}" for i in range(7)]
    done: list[str] = []
    assert map_in_processes(eval, places, 2, done.append) == list(range(7))
    assert sorted(done) == places


def test_an_error_of_a_process_is_raised_here() -> None:
    with pytest.raises(TraceError, match="nothing/here"):
        map_in_processes(measure, ["nothing/here"], 1, silent)


def test_a_killed_process_is_an_error_and_no_wait() -> None:
    with pytest.raises(WorkerLostError):
        map_in_processes(
            eval, ["__import__('os').kill(__import__('os').getpid(), 9)", "1"], 2, silent
        )
