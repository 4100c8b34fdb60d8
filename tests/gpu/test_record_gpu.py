"""Recording scripts and live code on a real device."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from timeline.trace import Trace

pytestmark = pytest.mark.gpu

ROOT = Path(__file__).parents[2]
Record = Callable[..., Trace]

WORK = """
import cupy as cp
def work():
    stream = cp.cuda.Stream(non_blocking=True)
    with stream:
        cp.arange(1 << 16, dtype=cp.float32).sum()
    stream.synchronize()
"""


@pytest.fixture
def python(tmp_path: Path) -> Callable[[str], None]:
    pytest.importorskip("cupy")

    def run(code: str) -> None:
        done = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    return run


@pytest.fixture
def record_script(python: Callable[[str], None], tmp_path: Path) -> Record:
    def record(text: str) -> Trace:
        (tmp_path / "script.py").write_text(text)
        python("from timeline.record import run_script\nsys.exit(run_script(['script.py'], 'out'))")
        return Trace.load(tmp_path / "out")

    return record


def ranges(trace: Trace) -> list[tuple[str, str]]:
    """Those of the script; CUB, under CuPy's reductions, pushes its own (domain CCCL)."""
    rows = trace.tables["ranges"].to_pylist()
    return [(row["name"], row["domain"]) for row in rows if row["domain"] != "CCCL"]


def test_a_scripts_kernels_calls_and_ranges(record_script: Record) -> None:
    trace = record_script(
        "import nvtx\n" + WORK + "with nvtx.annotate('outer', domain='mine'):\n"
        "    with nvtx.annotate('inner'):\n"
        "        work()\n"
    )
    assert trace.activities.num_rows > 0
    assert trace.tables["calls"].num_rows > 0
    assert sorted(ranges(trace)) == [("inner", "NVTX"), ("outer", "mine")]
    rows = {row["name"]: row for row in trace.tables["ranges"].to_pylist()}
    first, last = trace.span
    assert rows["outer"]["start"] < first < last < rows["outer"]["end"]
    assert trace.meta.devices[0].sm_count
    assert trace.meta.dropped == 0


def test_live_code_in_a_process_that_used_nvtx_and_cuda_before(
    python: Callable[[str], None], tmp_path: Path
) -> None:
    python(
        "import nvtx, timeline\n" + WORK + "with nvtx.annotate('before'): work()\n"
        "with timeline.record('out'):\n"
        "    with nvtx.annotate('during', domain='mine'): work()\n"
        "with nvtx.annotate('after'): work()\n"
    )
    trace = Trace.load(tmp_path / "out")
    assert ranges(trace) == [("during", "mine")]
    assert trace.activities.num_rows > 0


def test_what_the_script_left_running_is_waited_for(record_script: Record) -> None:
    trace = record_script(
        "import cupy as cp\n"
        'spin = cp.RawKernel(\'extern "C" __global__ void spin(long long n) {'
        " long long t = clock64(); while (clock64() - t < n) { } }', 'spin')\n"
        "spin((1,), (1,), (200_000_000,))\n"
    )
    kernels = [r for r in trace.activities.to_pylist() if r["name"] == "spin"]
    assert len(kernels) == 1
    assert kernels[0]["end"] - kernels[0]["start"] > 10_000_000


def test_cupys_own_ranges_come_once(record_script: Record) -> None:
    trace = record_script(
        "from cupy.cuda import nvtx\n" + WORK + "nvtx.RangePush('cupy')\nwork()\nnvtx.RangePop()\n"
    )
    assert [name for name, _ in ranges(trace)] == ["cupy"]


def test_pytorchs_kernels_and_ranges(record_script: Record) -> None:
    pytest.importorskip("torch")
    trace = record_script(
        "import torch\n"
        "torch.cuda.nvtx.range_push('step')\n"
        "x = torch.ones(1024, device='cuda')\n"
        "(x @ x).item()\n"
        "torch.cuda.nvtx.range_pop()\n"
    )
    assert [name for name, _ in ranges(trace)] == ["step"]
    assert trace.activities.num_rows > 0
    assert "torch" in trace.meta.provenance
