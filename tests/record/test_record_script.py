from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from timeline.trace import Trace

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_a_script_is_traced_with_calls_kernels_streams_and_device(
    record_script: Run, tmp_path: Path
) -> None:
    done = record_script("launch(1000)")
    assert done.returncode == 0, done.stderr
    assert "1000 activities, 1000 calls" in done.stderr
    trace = Trace.load(tmp_path / "out")
    assert trace.activities.num_rows == trace.tables["calls"].num_rows == 1000
    assert trace.names("activities", "name") == ["spin(long)"]
    assert trace.names("calls", "name") == ["cudaLaunchKernel"]
    assert trace.column("calls", "thread").tolist() != [0] * 1000
    assert (trace.column("activities", "start") > trace.column("calls", "start")).all()
    assert trace.column("calls", "start").min() >= 0
    (stream,) = trace.tables["streams"].to_pylist()
    assert (stream["stream"], stream["kind"], stream["device"]) == (7, "legacy", 0)
    (device,) = trace.meta.devices
    assert (device.name, device.sm_count) == ("Fake GPU", 132)
    assert trace.meta.source == "cupti"
    assert trace.meta.dropped == 0
    provenance = trace.meta.provenance
    assert provenance["cupti"] == provenance["cuda_driver"] == "13.0"
    assert provenance["command"] == "script.py"


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("pass", 0),
        ("sys.exit()", 0),
        ("sys.exit(7)", 7),
        ("sys.exit('no luck')", 1),
        ("raise SystemExit(300)", 44),
        ("raise ValueError('broken')", 1),
        ("raise KeyboardInterrupt", 130),
        ("os.kill(os.getpid(), signal.SIGINT); time.sleep(60)", 130),
        ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)", 143),
        ("def f(: pass", 1),
    ],
)
def test_however_a_script_ends_the_trace_is_whole_and_the_exit_code_its_own(
    record_script: Run, tmp_path: Path, ending: str, code: int
) -> None:
    body = "import os, signal, sys, time\nlaunch(10)\n"
    done = record_script(body + (f"exec({ending!r})" if "def" in ending else ending))
    assert done.returncode == code, done.stderr
    trace = Trace.load(tmp_path / "out")
    assert trace.activities.num_rows == 10
    assert not any("did not end" in note for note in trace.meta.notes)


@pytest.mark.parametrize(
    "text",
    [
        "def inner():\n    raise ValueError('broken')\ninner()\n",
        "x = (1,\n",
        "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError('x') from e\n",
        "import sys\nsys.excepthook = lambda *a: print('mine', *a[:2], file=sys.stderr)\n1 / 0\n",
    ],
)
def test_an_error_is_shown_as_python_shows_it(
    record_script: Run, environment: dict[str, str], tmp_path: Path, text: str
) -> None:
    done = record_script(text)
    plain = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    shown, _, told = done.stderr.rstrip().rpartition("\n")
    assert (done.returncode, plain.returncode) == (1, 1)
    assert shown.replace(f"{tmp_path}/", "") == plain.stderr.rstrip().replace(f"{tmp_path}/", "")
    assert told.startswith("timeline: wrote out: ")


def test_a_script_sees_itself_as_python_would_run_it(record_script: Run, tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("VALUE = 5\n")
    done = record_script(
        "import sys, beside, pickle\n"
        "class Point: pass\n"
        "assert isinstance(pickle.loads(pickle.dumps(Point())), Point)\n"
        "assert __name__ == '__main__' and sys.modules['__main__'].Point is Point\n"
        "print(sys.argv, __file__, beside.VALUE, os.path.basename(sys.path[0]))\n",
        "--flag",
        "x y",
    )
    assert done.returncode == 0, done.stderr
    expected = f"['script.py', '--flag', 'x y'] script.py 5 {tmp_path.name}\n"
    assert done.stdout == expected


def test_processes_that_the_script_spawns_import_it_and_are_not_recorded(
    record_script: Run, tmp_path: Path
) -> None:
    done = record_script(
        "import multiprocessing\n"
        "def double(x): return 2 * x\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(double, [1, 2]))\n"
        "    launch(5)\n"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[2, 4]\n"
    assert Trace.load(tmp_path / "out").activities.num_rows == 5


def test_a_forked_child_that_runs_to_the_end_leaves_the_trace_to_its_parent(
    record_script: Run, tmp_path: Path
) -> None:
    done = record_script(
        "import sys\n"
        "child = os.fork()\n"
        "if child == 0: sys.exit(3)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
        "launch(4)\n"
    )
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr
    assert done.stderr.count("timeline: wrote") == 1
    assert Trace.load(tmp_path / "out").activities.num_rows == 4


@pytest.mark.parametrize(
    ("ending", "code"), [("pass", 0), ("sys.exit(3)", 3), ("raise ValueError('broken')", 1)]
)
def test_threads_that_outlive_the_script_are_recorded(
    record_script: Run, tmp_path: Path, ending: str, code: int
) -> None:
    done = record_script(
        "import sys, threading\n"
        "def later():\n"
        "    threading.main_thread().join(0.2)\n"
        "    launch(3)\n"
        f"threading.Thread(target=later).start()\n{ending}\n"
    )
    assert done.returncode == code, done.stderr
    assert Trace.load(tmp_path / "out").activities.num_rows == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_after_an_interrupt_the_trace_is_written_without_waiting_for_threads(
    record_script: Run, tmp_path: Path, number: signal.Signals
) -> None:
    done = record_script(
        "import pathlib, threading\n"
        "launch(2)\n"
        "def until_written():\n"
        "    while '\"ended\": true' not in pathlib.Path('out/meta.json').read_text():\n"
        "        threading.Event().wait(0.01)\n"
        "threading.Thread(target=until_written).start()\n"
        f"os.kill(os.getpid(), {int(number)})\n"
        "threading.Event().wait()\n"
    )
    assert done.returncode == 128 + number, done.stderr
    assert Trace.load(tmp_path / "out").activities.num_rows == 2


@pytest.mark.parametrize(
    ("ending", "code", "shown"),
    [
        ("sys.exit(-1)", 255, "settled\n"),
        ("sys.exit(143)", 143, "settled\n"),
        ("os.kill(os.getpid(), 15)", 143, ""),
        ("raise KeyboardInterrupt", 130, ""),
    ],
)
def test_the_gpu_is_waited_for_unless_a_signal_ended_the_script(
    record_script: Run, ending: str, code: int, shown: str
) -> None:
    done = record_script(
        "import sys\n"
        "from timeline.recording.recorder import Recorder\n"
        f"Recorder.settle = lambda self: print('settled')\n{ending}\n"
    )
    assert (done.returncode, done.stdout) == (code, shown), done.stderr


@pytest.mark.parametrize("first", ["raise KeyboardInterrupt", "raise ValueError"])
def test_ctrl_c_while_an_error_is_shown_leaves_a_whole_trace(
    record_script: Run, tmp_path: Path, first: str
) -> None:
    done = record_script(
        f"import sys\nsys.excepthook = lambda *shown: os.kill(os.getpid(), 2)\nlaunch(6)\n{first}\n"
    )
    assert done.returncode == 130, done.stderr
    trace = Trace.load(tmp_path / "out")
    assert (trace.activities.num_rows, trace.meta.notes) == (6, ())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("place", ["_wait_for_threads", "settle", "_write", "ignored", "stop"])
def test_a_signal_anywhere_after_the_script_leaves_a_whole_trace(
    record_script: Run, tmp_path: Path, place: str, number: signal.Signals
) -> None:
    done = record_script(
        "import sys\n"
        "def strike(frame, event, _):\n"
        f"    if event == 'call' and frame.f_code.co_name == {place!r}:\n"
        "        sys.setprofile(None)\n"
        f"        os.kill(os.getpid(), {int(number)})\n"
        "launch(6)\n"
        "sys.setprofile(strike)\n"
    )
    assert done.returncode == (0 if place == "stop" else 128 + number), done.stderr
    trace = Trace.load(tmp_path / "out")
    assert (trace.activities.num_rows, trace.meta.notes) == (6, ())


def test_a_module_is_run_as_python_dash_m_does(
    run: Run, run_script_code: str, launch_code: str, tmp_path: Path
) -> None:
    package = tmp_path / "work"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(
        launch_code + "import sys\nfrom . import other\nlaunch(2)\nprint(sys.argv[1:], __name__)\n"
    )
    (package / "other.py").write_text("")
    done = run(run_script_code, "out", "-m", "work", "a", "-b")
    assert (done.returncode, done.stdout) == (0, "['a', '-b'] __main__\n"), done.stderr
    assert Trace.load(tmp_path / "out").activities.num_rows == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("out", "missing.py"), "missing.py: no such script"),
        (("out", "-m", "no_such_module"), "no module named 'no_such_module'"),
        (("out", "-m", "no.such.module"), "no module named 'no.such.module'"),
    ],
)
def test_what_python_could_not_start_is_refused_before_recording(
    run: Run, run_script_code: str, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = run(run_script_code, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"TIMELINE_CUPTI": "/nowhere/libcupti.so"}, "no libcupti can be loaded"),
        ({"FAKE_CUPTI_VERSION": "17"}, "no layout"),
        ({"FAKE_CUPTI_ENABLE": "35"}, "only administrators"),
        ({"FAKE_CUPTI_ENABLE": "999"}, "failed with CUPTI_ERROR_999"),
    ],
)
def test_without_a_usable_cupti_the_script_does_not_run(
    record_script: Run, tmp_path: Path, variables: Mapping[str, str], message: str
) -> None:
    done = record_script("print('ran')", **variables)
    assert done.returncode == 3
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""
    assert not (tmp_path / "out").exists()


def test_without_a_driver_the_script_does_not_run(record_script: Run) -> None:
    done = record_script("print('ran')", LD_LIBRARY_PATH="")
    if done.returncode == 0:
        pytest.skip("this machine has a driver")
    assert done.returncode == 3
    assert "no NVIDIA driver" in done.stderr
    assert done.stdout == ""


def test_an_existing_trace_is_kept(record_script: Run, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    done = record_script("print('ran')")
    assert done.returncode == 2
    assert done.stdout == ""
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"


def test_nothing_heavy_is_imported_into_the_script(record_script: Run) -> None:
    done = record_script(
        "import sys\n"
        "top = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(top - set(sys.stdlib_module_names) - {'__mp_main__'}))\n"
    )
    assert done.returncode == 0, done.stderr
    allowed = {"timeline", "numpy", "pyarrow", "nvtx"}
    allowed |= {"sitecustomize", "cloudpickle"}  # by Debian; by pyarrow, where it is installed
    found = {name for name in eval(done.stdout) if not name.startswith(("_", "cython_runtime"))}
    assert found <= allowed, found - allowed


def test_a_killed_recording_leaves_what_was_written(record_script: Run, tmp_path: Path) -> None:
    done = record_script(f"os.kill(os.getpid(), {int(signal.SIGKILL)})")
    assert done.returncode == -signal.SIGKILL
    trace = Trace.load(tmp_path / "out")
    assert any("did not end" in note for note in trace.meta.notes)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_handlers_of_the_script_s_own_run_as_they_would(
    record_script: Run, tmp_path: Path, number: signal.Signals
) -> None:
    done = record_script(
        "import signal, sys\n"
        f"signal.signal({int(number)}, lambda number, frame: print('handled', number))\n"
        f"os.kill(os.getpid(), {int(number)})\n"
        "launch(3)\n"
        "sys.exit(6)\n"
    )
    assert (done.returncode, done.stdout) == (6, f"handled {int(number)}\n"), done.stderr
    assert Trace.load(tmp_path / "out").activities.num_rows == 3


def test_output_is_that_of_the_script_alone(
    record_script: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    text = (
        "import subprocess, sys, threading\n"
        "print('out', flush=True)\n"
        "print('err', file=sys.stderr, flush=True)\n"
        "subprocess.run(['echo', 'child'])\n"
        "thread = threading.Thread(target=lambda: print('thread', flush=True))\n"
        "thread.start()\n"
        "thread.join()\n"
        "os.write(1, b'raw\\xff\\n'.replace(b'\\xff', b'?'))\n"
    )
    done = record_script(text)
    plain = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert sorted(done.stdout.splitlines()) == sorted(plain.stdout.splitlines())
    shown, _, told = done.stderr.rstrip().rpartition("\n")
    assert shown == plain.stderr.rstrip()
    assert told.startswith("timeline: wrote out: ")


def test_a_recording_inside_a_recorded_script_is_part_of_it(
    record_script: Run, tmp_path: Path
) -> None:
    done = record_script(
        "import timeline, warnings\n"
        "from timeline.errors import UsageError\n"
        "inner = timeline.record('inner')\n"
        "with warnings.catch_warnings(record=True) as said:\n"
        "    warnings.simplefilter('always')\n"
        "    @inner\n"
        "    def step(depth):\n"
        "        launch(1)\n"
        "        if depth: step(depth - 1)\n"
        "    step(2)\n"
        "print(len(said), said[0].message)\n"
        "try: inner.trace\n"
        "except UsageError as error: print(error)\n"
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    said = "the whole script is recorded already; this part of it is in out"
    assert first == f"3 timeline: {said}"
    assert second == said
    assert not (tmp_path / "inner").exists()
    assert Trace.load(tmp_path / "out").activities.num_rows == 3
