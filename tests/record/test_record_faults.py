"""Recordings that are killed, run out of disk or of memory, or whose program crashes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from timeline.trace import Trace

Run = Callable[..., "subprocess.CompletedProcess[str]"]

UNTIL_A_PART = """
import pathlib, time
def until_a_part(folder="out"):
    while not list(pathlib.Path(folder, "activities").glob("part*")): time.sleep(0.002)
    while '"activities"' not in pathlib.Path(folder, "meta.json").read_text(): time.sleep(0.002)
"""


def test_kills_at_random_points_leave_traces_up_to_their_last_part(
    environment: dict[str, str], tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.faults", "--kills", "6", "--json", tmp_path / "f.json"],
        cwd=environment["PYTHONPATH"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "f.json").read_text())
    assert found["ways"]["all"]["load"] == found["ways"]["all"]["sound"] == 6


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("ctypes.string_at(8)", -signal.SIGSEGV),
        ("os.abort()", -signal.SIGABRT),
        ("os._exit(9)", 9),
    ],
)
def test_a_program_that_dies_at_once_leaves_its_parts(
    run: Run, launch_code: str, tmp_path: Path, fault: str, code: int
) -> None:
    done = run(
        launch_code + UNTIL_A_PART + "import signal, timeline\n"
        "with timeline.record('out', every_s=0.01):\n"
        "    launch(100)\n"
        "    until_a_part()\n"
        f"    {fault}\n"
    )
    assert done.returncode == code, done.stderr
    trace = Trace.load(tmp_path / "out")
    assert trace.activities.num_rows == trace.tables["calls"].num_rows == 100
    assert [device.name for device in trace.meta.devices] == ["Fake GPU"]
    assert trace.tables["streams"].num_rows == 1
    assert trace.meta.epoch_ns > 1 << 60
    assert trace.meta.kept is not None
    assert not trace.meta.kept.ended
    assert "did not end: everything up to part 1" in trace.meta.notes[-1]


def test_ranges_are_kept_meanwhile(run: Run, launch_code: str, tmp_path: Path) -> None:
    pytest.importorskip("nvtx")
    done = run(
        launch_code + UNTIL_A_PART + "import nvtx, timeline\n"
        "with timeline.record('out', every_s=0.01):\n"
        "    with nvtx.annotate('done'): launch(1)\n"
        "    until_a_part()\n"
        "    while 'ranges' not in pathlib.Path('out/meta.json').read_text(): time.sleep(0.002)\n"
        "    os._exit(0)\n"
    )
    assert done.returncode == 0, done.stderr
    trace = Trace.load(tmp_path / "out")
    assert [row["name"] for row in trace.tables["ranges"].to_pylist()] == ["done"]


FULL_DISK = """
import gc, resource, signal
from timeline.recording.recorder import Recorder
(recorder,) = [one for one in gc.get_objects() if isinstance(one, Recorder)]
launch(100)
until_a_part()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 14, 1 << 14))
launch(50_000)
while recorder.failure is None: time.sleep(0.002)
print('went on')
raise SystemExit(5)
"""

COMMAND = "import sys; from timeline.cli import main; sys.exit(main(sys.argv[1:]))"


def test_on_a_full_disk_the_program_goes_on_and_the_parts_before_stay(
    run: Run, launch_code: str, tmp_path: Path
) -> None:
    (tmp_path / "script.py").write_text(launch_code + UNTIL_A_PART + FULL_DISK)
    done = run(COMMAND, "record", "--every", "0.01", "-o", "out", "script.py")
    assert (done.returncode, done.stdout) == (5, "went on\n"), done.stderr
    wrote, lacks = done.stderr.splitlines()
    assert wrote == "timeline: wrote out: 100 activities, 100 calls, 0 ranges"
    assert lacks.startswith("timeline: out: The recording could not go on (File too large): ")
    trace = Trace.load(tmp_path / "out")
    assert trace.activities.num_rows == trace.tables["calls"].num_rows == 100
    assert trace.meta.kept is not None
    assert (trace.meta.kept.ended, trace.meta.kept.why) == (False, "File too large")
    assert not list((tmp_path / "out").rglob("*.tmp"))


def test_with_too_little_memory_the_program_goes_on_and_the_loss_is_said(
    run: Run, launch_code: str, tmp_path: Path
) -> None:
    done = run(
        launch_code + UNTIL_A_PART + "import resource, timeline, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "with timeline.record('out', every_s=0.05) as recording:\n"
        "    launch(100)\n"
        "    until_a_part()\n"
        "    used = int(pathlib.Path('/proc/self/statm').read_text().split()[0]) * 4096\n"
        "    resource.setrlimit(resource.RLIMIT_AS, (used + (16 << 20), -1))\n"
        "    launch(400_000)\n"
        "    resource.setrlimit(resource.RLIMIT_AS, (-1, -1))\n"
        "print('went on')\n"
    )
    assert (done.returncode, done.stdout) == (0, "went on\n"), done.stderr
    trace = Trace.load(tmp_path / "out")
    lost = 800_200 - trace.activities.num_rows - trace.tables["calls"].num_rows
    assert lost == trace.meta.dropped or trace.meta.kept is not None
    assert not lost or trace.meta.notes


def test_a_long_recording_takes_no_more_memory_for_records(
    run: Run, launch_code: str, tmp_path: Path
) -> None:
    done = run(
        launch_code + "import time, timeline\n"
        "from timeline.backends.cuda.cupti.buffers import route\n"
        "taken = 0\n"
        "with timeline.record('out', every_s=0.01):\n"
        "    for _ in range(12):\n"
        "        launch(60_000)\n"
        "        while route().pool.completed_bytes: time.sleep(0.002)\n"
        "        taken = max(taken, route().pool._state.taken)\n"
        "print(taken >> 20)\n"
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 64  # MiB; 12 * 60,000 kernels and calls fill 176
    assert Trace.load(tmp_path / "out").activities.num_rows == 12 * 60_000
