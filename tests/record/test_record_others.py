"""Beside another profiler: said in one line, and both it and the program stay as they are."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from timeline.backends.cuda.cupti.others import attached
from timeline.trace import Trace

Run = Callable[..., "subprocess.CompletedProcess[str]"]

ATTACHED = [
    ({"FAKE_CUPTI_SUBSCRIBE": "39"}, "a subscriber of CUPTI (CUPTI_ERROR_39)"),
    ({"NSYS_PROFILING_SESSION_ID": "8"}, "Nsight Systems (NSYS_PROFILING_SESSION_ID)"),
    ({"NV_NSIGHT_INJECTION_PORT_BASE": "4"}, "Nsight Compute (NV_NSIGHT_INJECTION_PORT_BASE)"),
    ({"NV_COMPUTE_PROFILER_PERFWORKS_DIR": "/x"}, "Nsight Compute (NV_COMPUTE_PROFILER"),
    ({"CUDA_INJECTION64_PATH": "/opt/x/libmine.so"}, "libmine.so (CUDA_INJECTION64_PATH)"),
]


@pytest.mark.parametrize(("variables", "name"), ATTACHED)
def test_beside_another_profiler_a_script_runs_unrecorded_and_one_line_says_so(
    record_script: Run, tmp_path: Path, variables: dict[str, str], name: str
) -> None:
    done = record_script(
        "import nvtx\n"
        "with nvtx.annotate('left to the other'): launch(3)\n"
        "print(os.environ.get('NVTX_INJECTION64_PATH'))\n"
        "raise SystemExit(7)\n",
        **variables,
    )
    assert (done.returncode, done.stdout) == (7, "None\n"), done.stderr
    said, wrote = done.stderr.splitlines()
    assert said.startswith(f"timeline: another profiler is attached to this process: {name}")
    assert "run without it, or open what it wrote with timeline report. Nothing is recorded" in said
    assert wrote == "timeline: wrote out: 0 activities, 0 calls, 0 ranges"
    trace = Trace.load(tmp_path / "out")
    (note,) = trace.meta.notes
    assert note.startswith("Another profiler is attached to this process")
    assert trace.meta.source == "host"


def test_a_with_block_beside_another_profiler_warns_and_goes_on(run: Run) -> None:
    done = run(
        "import timeline, warnings\n"
        "with warnings.catch_warnings(record=True) as said:\n"
        "    warnings.simplefilter('always')\n"
        "    with timeline.record() as recording: print('ran')\n"
        "print(len(said), said[0].category.__name__, len(recording.trace.meta.notes))\n",
        NSYS_PROFILING_SESSION_ID="1",
    )
    assert (done.returncode, done.stdout) == (0, "ran\n1 RuntimeWarning 1\n"), done.stderr


TORCH = (
    "import sys, types\n"
    "profiler = sys.modules['torch.autograd.profiler'] = types.ModuleType('profiler')\n"
    "profiler._is_profiler_enabled = {}\n"
)


def test_torch_profiler_that_runs_already_is_left_alone(record_script: Run, run: Run) -> None:
    done = run(
        TORCH.format(True) + "import timeline, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "with timeline.record() as recording: pass\n"
        "print(recording.trace.meta.notes[0])\n"
    )
    assert done.returncode == 0, done.stderr
    assert "attached to this process: torch.profiler; CUPTI serves one" in done.stdout


def test_torch_profiler_that_runs_meanwhile_is_noted(
    record_script: Run, launch_code: str, tmp_path: Path
) -> None:
    done = record_script(TORCH.format(False) + "launch(4)\nprofiler._is_profiler_enabled = True\n")
    assert done.returncode == 0, done.stderr
    trace = Trace.load(tmp_path / "out")
    assert trace.activities.num_rows == 4
    assert trace.meta.notes[0].startswith("torch.profiler ran beside this recording.")


def test_without_another_none_is_named() -> None:
    assert attached({"PATH": "/bin", "NVTX_INJECTION64_PATH": "/x", "NVPROF_ID": ""}) is None
