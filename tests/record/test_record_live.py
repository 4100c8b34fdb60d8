from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from timeline.trace import Trace

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_a_with_block_is_recorded_to_a_folder_and_read_back(
    run: Run, launch_code: str, tmp_path: Path
) -> None:
    done = run(
        launch_code + "import timeline\n"
        "launch(50)\n"
        "with timeline.record('out') as recording:\n"
        "    launch(20)\n"
        "launch(50)\n"
        "print(recording.trace.activities.num_rows, recording.trace.meta.source)\n"
    )
    assert (done.returncode, done.stdout) == (0, "20 cupti\n"), done.stderr
    assert Trace.load(tmp_path / "out").activities.num_rows == 20


def test_without_a_path_the_trace_is_in_memory(run: Run, launch_code: str, tmp_path: Path) -> None:
    done = run(
        launch_code + "import timeline\n"
        "with timeline.record() as recording:\n"
        "    launch(7)\n"
        "print(recording.trace.activities.num_rows, len(recording.trace.meta.devices))\n"
    )
    assert (done.returncode, done.stdout) == (0, "7 1\n"), done.stderr
    assert not list(tmp_path.iterdir())


def test_a_decorated_function_is_recorded_each_time(run: Run, launch_code: str) -> None:
    done = run(
        launch_code + "import timeline\n"
        "recording = timeline.record('out', overwrite=True)\n"
        "@recording\n"
        "def step(n):\n"
        "    launch(n)\n"
        "    return n\n"
        "for n in (3, 5):\n"
        "    print(step(n), recording.trace.activities.num_rows)\n"
    )
    assert (done.returncode, done.stdout) == (0, "3 3\n5 5\n"), done.stderr


def test_an_exception_leaves_a_trace_and_goes_on(
    run: Run, launch_code: str, tmp_path: Path
) -> None:
    done = run(
        launch_code + "import timeline\n"
        "try:\n"
        "    with timeline.record('out'):\n"
        "        launch(4)\n"
        "        raise ValueError('mine')\n"
        "except ValueError as error:\n"
        "    print(error)\n"
    )
    assert (done.returncode, done.stdout) == (0, "mine\n"), done.stderr
    assert Trace.load(tmp_path / "out").activities.num_rows == 4


def test_one_recording_at_a_time(run: Run) -> None:
    done = run(
        "import timeline\n"
        "from timeline.errors import CuptiError, UsageError\n"
        "outer = timeline.record('a')\n"
        "with outer:\n"
        "    try:\n"
        "        outer.trace\n"
        "    except UsageError as error:\n"
        "        print(error)\n"
        "    try:\n"
        "        with timeline.record('b'): pass\n"
        "    except CuptiError as error:\n"
        "        print(error)\n"
        "with timeline.record('b'): pass\n"
    )
    assert done.returncode == 0, done.stderr
    early, second = done.stdout.splitlines()
    assert "when the recorded code has ended" in early
    assert "already running" in second


def test_a_decorated_function_that_recurses_keeps_the_outer_recording(
    run: Run, launch_code: str
) -> None:
    done = run(
        launch_code + "import timeline\n"
        "from timeline.errors import CuptiError\n"
        "recording = timeline.record('out', overwrite=True)\n"
        "@recording\n"
        "def step(depth):\n"
        "    launch(3)\n"
        "    if depth:\n"
        "        try: step(depth - 1)\n"
        "        except CuptiError as error: print(error)\n"
        "    launch(4)\n"
        "step(1)\n"
        "print(recording.trace.activities.num_rows, recording.trace.meta.notes)\n"
    )
    assert done.returncode == 0, done.stderr
    refused, kept = done.stdout.splitlines()
    assert "already running" in refused
    assert kept == "7 ()"


def test_a_second_thread_that_enters_leaves_the_recording_whole(run: Run, launch_code: str) -> None:
    done = run(
        launch_code + "import threading, timeline\n"
        "from timeline.errors import CuptiError\n"
        "recording = timeline.record('out')\n"
        "def enter():\n"
        "    try: recording.__enter__()\n"
        "    except CuptiError: print('refused')\n"
        "with recording:\n"
        "    launch(2)\n"
        "    thread = threading.Thread(target=enter)\n"
        "    thread.start()\n"
        "    thread.join()\n"
        "    launch(2)\n"
        "print(recording.trace.activities.num_rows)\n"
    )
    assert (done.returncode, done.stdout) == (0, "refused\n4\n"), done.stderr


@pytest.mark.parametrize("leaving", ["sys.exit(3)", "raise ValueError", "pass"])
def test_a_forked_child_that_leaves_the_block_leaves_the_trace_to_its_parent(
    run: Run, launch_code: str, tmp_path: Path, leaving: str
) -> None:
    done = run(
        launch_code + "import sys, timeline\n"
        "with timeline.record('out'):\n"
        "    launch(3)\n"
        "    child = os.fork()\n"
        "    if child:\n"
        "        os.waitpid(child, 0)\n"
        "        print(b'\"ended\": true' in open('out/meta.json', 'rb').read())\n"
        "        launch(4)\n"
        f"    else: {leaving}\n"
        "if not child: sys.exit()\n"
    )
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr
    trace = Trace.load(tmp_path / "out")
    assert trace.activities.num_rows == 7
    assert not trace.meta.notes


@pytest.mark.parametrize("error", ["MemoryError('full')", "OutputError('full')"])
def test_rows_that_could_not_be_kept_are_a_warning_and_noted(
    run: Run, launch_code: str, tmp_path: Path, error: str
) -> None:
    done = run(
        launch_code + "import threading, timeline, warnings\n"
        "from timeline.backends.cuda.cupti import CuptiCollector\n"
        "from timeline.errors import OutputError\n"
        "second, times = threading.Event(), []\n"
        "class Failing(CuptiCollector):\n"
        "    def drain(self):\n"
        "        times.append(1)\n"
        "        if len(times) < 3: return super().drain()\n"
        f"        raise {error}\n"
        "    def discard(self):\n"
        "        super().discard()\n"
        "        second.set()\n"
        "with warnings.catch_warnings(record=True) as said:\n"
        "    warnings.simplefilter('always')\n"
        "    with timeline.record('out', every_s=0.01, collector=Failing()) as recording:\n"
        "        launch(5)\n"
        "        second.wait()\n"
        "        launch(7)\n"
        "print(said[0].category.__name__, said[0].message)\n"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("RuntimeWarning timeline: out: The recording could not go on (")
    trace = Trace.load(tmp_path / "out")
    assert trace.activities.num_rows == 5
    (note,) = trace.meta.notes
    assert "full): everything up to part 1, written" in note
    assert trace.meta.kept is not None
    assert trace.meta.kept.why.endswith("full")


def test_everything_is_switched_off_afterwards(run: Run, launch_code: str) -> None:
    done = run(
        launch_code + "import timeline\n"
        "enabled = ctypes.CDLL(os.environ['TIMELINE_CUPTI']).fake_kinds_enabled\n"
        "with timeline.record():\n"
        "    print(enabled() > 10)\n"
        "print(enabled())\n"
    )
    assert (done.returncode, done.stdout) == (0, "True\n0\n"), done.stderr


def test_a_process_that_ends_while_recording_switches_off_first(run: Run, launch_code: str) -> None:
    done = run(
        launch_code + "import atexit, timeline\n"
        "enabled = ctypes.CDLL(os.environ['TIMELINE_CUPTI']).fake_kinds_enabled\n"
        "atexit.register(lambda: print(enabled()))\n"
        "timeline.record('out').__enter__()\n"
        "launch(100)\n"
    )
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr


def test_a_failed_start_leaves_nothing_on(run: Run, launch_code: str) -> None:
    done = run(
        launch_code + "import timeline\n"
        "from timeline.errors import OutputError\n"
        "enabled = ctypes.CDLL(os.environ['TIMELINE_CUPTI']).fake_kinds_enabled\n"
        "open('file', 'w').close()\n"
        "try:\n"
        "    with timeline.record('file'): print('ran')\n"
        "except OutputError as error:\n"
        "    print(enabled())\n"
        "with timeline.record('fine'): launch(1)\n"
    )
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr


def test_a_long_recording_is_written_meanwhile_and_counts_every_record_once(
    run: Run, launch_code: str, tmp_path: Path
) -> None:
    done = run(
        launch_code + "import pathlib, time, timeline\n"
        "with timeline.record('out', every_s=0.001):\n"
        "    for _ in range(20):\n"
        "        launch(20_000)\n"
        "    while not pathlib.Path('out/activities').exists(): time.sleep(0.001)\n"
        "    launch(20_000)\n"
    )
    assert done.returncode == 0, done.stderr
    trace = Trace.load(tmp_path / "out")
    assert trace.activities.num_rows == trace.tables["calls"].num_rows == 420_000
    assert len(set(trace.column("activities", "correlation").tolist())) == 420_000
    assert len(list((tmp_path / "out" / "activities").iterdir())) > 1


def test_records_without_memory_are_counted_as_dropped(run: Run, launch_code: str) -> None:
    done = run(
        launch_code + "from timeline.backends.cuda.cupti import CuptiCollector\n"
        "collector = CuptiCollector(limit_bytes=8 << 20)\n"
        "collector.start()\n"
        "launch(50_000)\n"
        "collected = collector.stop()\n"
        "rows = collected.tables['activities'].num_rows + collected.tables['calls'].num_rows\n"
        "print(rows + collected.dropped, collected.dropped > 0, collected.notes[-1][:13])\n"
    )
    assert (done.returncode, done.stdout) == (0, "100000 True CUPTI dropped\n"), done.stderr


def test_a_collector_names_streams_as_the_trace_does(run: Run) -> None:
    done = run(
        "from timeline.backends.cuda.cupti import CuptiCollector\n"
        "collector = CuptiCollector()\n"
        "print(collector.stream_id(0), collector.stream_id(0, per_thread=True))\n"
        "before = collector.timestamp()\n"
        "print(before < collector.timestamp())\n"
    )
    assert (done.returncode, done.stdout) == (0, "7 8\nTrue\n"), done.stderr


def test_a_newer_version_of_the_library_is_read_and_said(run: Run, launch_code: str) -> None:
    done = run(
        launch_code + "import timeline\n"
        "with timeline.record() as recording: launch(5)\n"
        "print(recording.trace.activities.num_rows, recording.trace.meta.notes[0][:19])\n",
        FAKE_CUPTI_VERSION="130099",
    )
    assert (done.returncode, done.stdout) == (0, "5 CUPTI 13.0 is newer\n"), done.stderr
