"""Faults and processes of recordings on a real device."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from timeline.trace import Trace
from timeline.trace.children import children

pytestmark = pytest.mark.gpu

ROOT = Path(__file__).parents[2]

SPIN = """
import os, sys, time
import cupy as cp
spin = cp.RawKernel('extern "C" __global__ void spin(long long n) {'
    ' long long t = clock64(); while (clock64() - t < n) { } }', 'spin')
def launch(count, cycles=10_000):
    for _ in range(count): spin((1,), (1,), (cycles,))
    cp.cuda.get_current_stream().synchronize()
"""


def recorded(
    folder: Path, text: str, *options: str, code: int = 0
) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("cupy")
    (folder / "script.py").write_text(text)
    main = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from timeline.cli import main"
    command = [sys.executable, "-c", f"{main}; sys.exit(main(sys.argv[1:]))"]
    done = subprocess.run(
        [*command, "record", *options, "-o", "out", "script.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def spins(trace: Trace) -> int:
    return [row["name"] for row in trace.activities.to_pylist()].count("spin")


def test_kills_at_random_points_leave_traces(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.faults", "--kills", "8"]
    done = subprocess.run(
        [*command, "--json", str(tmp_path / "f.json")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "f.json").read_text())
    assert found["on"] == "a GPU, CuPy"
    assert found["ways"]["all"]["sound"] == 8


def test_parts_are_written_while_the_gpu_works_and_every_kernel_comes_once(tmp_path: Path) -> None:
    recorded(tmp_path, SPIN + "for _ in range(100): launch(100)\n", "--every", "0.05")
    trace = Trace.load(tmp_path / "out")
    assert spins(trace) == 10_000
    assert trace.meta.dropped == 0
    assert len(list((tmp_path / "out" / "activities").iterdir())) > 1
    rows = {(row["correlation"], row["start"]) for row in trace.activities.to_pylist()}
    assert len(rows) == trace.activities.num_rows


def test_a_flush_does_not_wait_for_a_kernel_that_runs(tmp_path: Path) -> None:
    """Two seconds of a kernel, with a flush every 50 ms; then a kill in the midst of the next."""
    text = SPIN + (
        "launch(50)\n"
        "time.sleep(0.5)\n"
        "spin((1,), (1,), (3_000_000_000,))\n"
        "for _ in range(20):\n"
        "    before = time.perf_counter()\n"
        "    with cp.cuda.Stream(non_blocking=True): spin((1,), (1,), (1000,))\n"
        "    slow = time.perf_counter() - before\n"
        "    assert slow < 0.5, slow\n"
        "    time.sleep(0.02)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    recorded(tmp_path, text, "--every", "0.05", code=-9)
    assert spins(Trace.load(tmp_path / "out")) >= 50


def test_an_illegal_access_leaves_a_trace_and_the_script_s_own_error(tmp_path: Path) -> None:
    text = SPIN + (
        "launch(20)\n"
        "time.sleep(0.3)\n"
        "bad = cp.RawKernel('extern \"C\" __global__ void bad(int* p) { *p = 1; }', 'bad')\n"
        "bad((1,), (1,), (8,))\n"
        "cp.cuda.get_current_stream().synchronize()\n"
    )
    done = recorded(tmp_path, text, "--every", "0.05", code=1)
    assert "illegal memory access" in done.stderr.lower() or "illegaladdress" in done.stderr.lower()
    assert spins(Trace.load(tmp_path / "out")) >= 20


def test_processes_that_a_script_starts_are_recorded_beside_it(tmp_path: Path) -> None:
    (tmp_path / "worker.py").write_text(SPIN + "launch(int(sys.argv[1]))\n")
    text = SPIN + (
        "import subprocess\n"
        "launch(5)\n"
        "for count in ('10', '20'):\n"
        "    subprocess.run([sys.executable, 'worker.py', count], check=True)\n"
    )
    recorded(tmp_path, text)
    assert spins(Trace.load(tmp_path / "out")) == 5
    found = [Trace.load(one) for one in children(tmp_path / "out")]
    assert sorted(map(spins, found)) == [10, 20]


def test_a_fork_before_cuda_uses_the_gpu_unharmed(tmp_path: Path) -> None:
    """The recorder is on, CUDA is not: the child starts CUDA under the copied CUPTI."""
    text = (
        "import os, sys\n"
        "child = os.fork()\n"
        "import cupy as cp\n"
        "total = int(cp.arange(1 << 20).sum())\n"
        "assert total == (1 << 19) * ((1 << 20) - 1)\n"
        "if child == 0: os._exit(7)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    assert recorded(tmp_path, text).stdout == "7\n"
    assert Trace.load(tmp_path / "out").activities.num_rows > 0


def test_torch_profiler_inside_a_recording_is_noted_and_both_go_on(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    text = (
        "import time, torch\n"
        "x = torch.ones(512, 512, device='cuda')\n"
        "with torch.profiler.profile() as profile:\n"
        "    y = (x @ x).sum().item()\n"
        "    time.sleep(1.5)\n"
        "print(y == 512 ** 3)\n"
    )
    assert recorded(tmp_path, text).stdout.startswith("True")
    trace = Trace.load(tmp_path / "out")
    assert any(note.startswith("torch.profiler ran beside") for note in trace.meta.notes)
    print("activities beside torch.profiler:", trace.activities.num_rows, trace.meta.notes)
