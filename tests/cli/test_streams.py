"""What a shell sees of stdout that is full or closed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[2] / "samples" / "pdl" / "pdl"
REPORT = [sys.executable, "-m", "timeline", "report", str(SAMPLE)]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_full_disk_is_one_line(options: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*REPORT, *options], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert done.stderr == "timeline: error: the output: No space left on device\n"


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_closed_pipe_is_no_failed_check(options: list[str]) -> None:
    report = subprocess.Popen(
        [*REPORT, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert report.stdout is not None
    assert report.stderr is not None
    report.stdout.close()
    assert report.wait(timeout=60) == 141
    assert report.stderr.read() == ""
    report.stderr.close()
