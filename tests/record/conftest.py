"""Processes with a driver and a libcupti that need no GPU, built by the C compiler."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from benchmarks.faults import build_fakes
from benchmarks.faults import environment as on_fakes

ROOT = Path(__file__).parents[2]

Run = Callable[..., subprocess.CompletedProcess[str]]

RUN_SCRIPT = """
import sys
from timeline.errors import TimelineError
from timeline.record import run_script
module = sys.argv[2] == "-m"
try:
    code = run_script(sys.argv[3 if module else 2:], sys.argv[1], module=module)
except TimelineError as error:
    print("timeline:", error, file=sys.stderr)
    code = error.exit_code
sys.exit(code)
"""

LAUNCH = """
import ctypes, os
launch = ctypes.CDLL(os.environ["TIMELINE_CUPTI"]).fake_launch
"""


@pytest.fixture(scope="session")
def fake_cuda(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with ``libcuda.so.1`` and ``libcupti.so``."""
    folder = tmp_path_factory.mktemp("fake_cuda")
    try:
        build_fakes(folder)
    except OSError as error:
        pytest.skip(str(error))
    return folder


@pytest.fixture
def environment(fake_cuda: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("NVTX_", "PYTEST_"))}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        **on_fakes(fake_cuda),
        "PYTHONWARNINGS": "error",
    }


@pytest.fixture
def run(environment: Mapping[str, str], tmp_path: Path) -> Run:
    """Run Python code in a process of its own, in ``tmp_path``."""

    def run_code(code: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env={**environment, **more},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run_code


@pytest.fixture
def record_script(run: Run, tmp_path: Path) -> Run:
    """Record a script given as text; the trace is in ``tmp_path / "out"``."""

    def record(text: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "script.py").write_text(LAUNCH + text)
        return run(RUN_SCRIPT, "out", "script.py", *arguments, **more)

    return record


@pytest.fixture
def run_script_code() -> str:
    return RUN_SCRIPT


@pytest.fixture
def launch_code() -> str:
    return LAUNCH
