"""Exporting in a process that imported nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "graph_capture" / "graph"


@pytest.mark.parametrize("suffix", [".json", ".pftrace", ".sqlite", ".csv", ".parquet"])
def test_every_format_is_written_by_a_fresh_process(suffix: str, tmp_path: Path) -> None:
    target = tmp_path / f"out{suffix}"
    command = [sys.executable, "-m", "timeline", "export", str(SAMPLE), "-o", str(target)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert target.stat().st_size > 100
