"""``timeline import`` on a terminal: a bar while it reads, and nothing left after Ctrl-C."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

EVENT = '{"ph": "X", "cat": "cpu_op", "name": "add", "pid": 1, "tid": 2, "ts": 5, "dur": 1}'
MANY = 150_000
LONGEST_S = 120


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of events one by one, which takes seconds to read."""
    path = tmp_path / "many-events.json"
    path.write_text('{"traceEvents": [' + ",".join([EVENT] * MANY) + "]}")
    return path


def shown_until(terminal: int, wanted: bytes) -> bytes:
    """What the terminal has shown when ``wanted`` appears, or when the program has ended."""
    shown, until = b"", time.monotonic() + LONGEST_S
    while wanted not in shown and time.monotonic() < until:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux's answer when the other side is closed
            break
        if not piece:
            break
        shown += piece
    return shown


def test_an_interrupt_leaves_nothing_behind(source: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "timeline", "import", str(source), "-o", str(tmp_path / "out")]
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
    )
    os.close(theirs)
    try:
        shown = shown_until(ours, b"%")
        assert b"many-events.json" in shown  # the bar, which names the file
        assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        after = shown_until(ours, b"no such text")
        assert process.wait(LONGEST_S) == 130
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(ours)
    assert b"Traceback" not in after
    assert after.rfind(b"\x1b[?25h") > after.rfind(b"\x1b[?25l")  # the cursor is back
    assert [path.name for path in tmp_path.iterdir()] == [source.name]


def test_a_pipe_shows_no_bar(source: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "timeline", "import", str(source), "-o", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, check=True, timeout=LONGEST_S)
    assert done.stdout.decode().strip() == str(tmp_path / "out")
    assert b"%" not in done.stderr
    assert b"\x1b" not in done.stderr
