"""Children of a recorded process: each has a trace of its own beside its parent's."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from timeline.errors import OutputError
from timeline.trace import Meta, Trace
from timeline.trace.children import children

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def ranges(trace: Trace) -> list[str]:
    return [row["name"] for row in trace.tables["ranges"].to_pylist()]


@pytest.mark.parametrize("ending", ["sys.exit(3)", "raise SystemExit(3)"])
def test_ranges_of_a_forked_child_are_in_a_trace_beside_its_parent_s(
    record_script: Run, tmp_path: Path, ending: str
) -> None:
    done = record_script(
        "import nvtx, sys\n"
        "with nvtx.annotate('before'): launch(2)\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    with nvtx.annotate('in the child'): launch(5)\n"
        f"    {ending}\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), child)\n"
        "with nvtx.annotate('after'): launch(2)\n"
    )
    assert done.returncode == 0, done.stderr
    code, pid = done.stdout.split()
    assert code == "3"
    trace = Trace.load(tmp_path / "out")
    assert (trace.activities.num_rows, ranges(trace)) == (4, ["before", "after"])
    (note,) = trace.meta.notes
    assert note.startswith("Of the processes that it started, 1 have traces of their own")
    (beside,) = children(tmp_path / "out")
    assert beside.name == pid
    child = Trace.load(beside)
    assert (child.activities.num_rows, ranges(child)) == (0, ["in the child"])
    assert child.meta.notes[0].startswith("This process was forked from one that was recorded")
    assert child.tables["ranges"]["process"].to_pylist() == [int(pid)]
    first = trace.meta.epoch_ns + trace.column("ranges", "end")[0]
    between = child.meta.epoch_ns + child.column("ranges", "start")[0]
    last = trace.meta.epoch_ns + trace.column("ranges", "start")[1]
    assert first < between < last


def test_children_of_multiprocessing_by_fork_are_recorded(
    record_script: Run, tmp_path: Path
) -> None:
    done = record_script(
        "import multiprocessing, nvtx\n"
        "def work(number):\n"
        "    with nvtx.annotate(f'work {number}'): return number * 2\n"
        "if __name__ == '__main__':\n"
        "    context = multiprocessing.get_context('fork')\n"
        "    for number in (1, 2):\n"
        "        one = context.Process(target=work, args=(number,))\n"
        "        one.start()\n"
        "        one.join()\n"
        "        assert one.exitcode == 0\n"
        "    launch(1)\n"
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("timeline: wrote") == 1
    found = [ranges(Trace.load(one)) for one in children(tmp_path / "out")]
    assert sorted(found) == [["work 1"], ["work 2"]]


def test_a_child_without_ranges_leaves_nothing(record_script: Run, tmp_path: Path) -> None:
    done = record_script("child = os.fork()\nif child: os.waitpid(child, 0)\n")
    assert done.returncode == 0, done.stderr
    assert children(tmp_path / "out") == []
    assert not Trace.load(tmp_path / "out").meta.notes


def test_a_child_of_a_fork_takes_no_memory_for_records(record_script: Run) -> None:
    done = record_script(
        "child = os.fork()\n"
        "if child == 0:\n"
        "    from timeline.backends.cuda.cupti.buffers import route\n"
        "    launch(200_000)\n"
        "    os._exit(route().pool.completed_bytes >> 20)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 8  # the buffer that CUPTI had at the fork


WORKER = """
import cupy, nvtx, sys
with nvtx.annotate('worker'): launch(int(sys.argv[1]))
print('path', [p for p in sys.path if 'child_site' in p])
raise SystemExit(4)
"""


@pytest.fixture
def workers(tmp_path: Path, launch_code: str) -> Path:
    """A script beside, and a module with the name of a GPU library."""
    (tmp_path / "cupy.py").write_text("")
    (tmp_path / "worker.py").write_text(launch_code + WORKER)
    return tmp_path


STARTS = (
    "import subprocess, sys\n"
    "launch(1)\n"
    "for count in ('10', '20'):\n"
    "    one = subprocess.run([sys.executable, 'worker.py', count])\n"
    "    assert one.returncode == 4\n"
)


def test_python_processes_that_use_a_gpu_library_are_recorded_beside(
    record_script: Run, workers: Path
) -> None:
    done = record_script(STARTS)
    assert (done.returncode, done.stdout) == (0, "path []\n" * 2), done.stderr
    assert len(done.stderr.splitlines()) == 1
    found = [Trace.load(one) for one in children(workers / "out")]
    assert sorted(one.activities.num_rows for one in found) == [10, 20]
    assert [ranges(one) for one in found] == [["worker"]] * 2
    assert all(one.meta.kept is None and not one.meta.notes for one in found)
    assert Trace.load(workers / "out").activities.num_rows == 1


def test_the_report_of_a_recording_shows_its_processes_together(
    record_script: Run, run: Run, workers: Path
) -> None:
    assert record_script(STARTS).returncode == 0
    code = "import sys; from timeline.cli import main; sys.exit(main(sys.argv[1:]))"
    together = json.loads(run(code, "report", "out", "--json").stdout)
    counts = [rank["devices"][0]["activities"] for rank in together["ranks"]]
    assert sorted(counts) == [1, 10, 20]
    assert together["ranks"][0]["place"] == "out"
    alone = json.loads(run(code, "report", "out", "--json", "--no-children").stdout)
    assert alone["devices"][0]["engines"]["SM"]["activities"] == 1


def test_a_recording_of_a_child_s_own_is_part_of_that_child_s(
    record_script: Run, workers: Path
) -> None:
    (workers / "worker.py").write_text(
        (workers / "worker.py").read_text().partition("print")[0]
        + "import timeline\nwith timeline.record('inner'): launch(2)\n"
    )
    done = record_script(
        "import subprocess, sys\n"
        "one = [sys.executable, '-W', 'ignore', 'worker.py', '5']\n"
        "print(subprocess.run(one).returncode)\n"
    )
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
    (one,) = children(workers / "out")
    assert Trace.load(one).activities.num_rows == 7
    assert not (workers / "inner").exists()


def test_a_child_that_is_killed_leaves_its_parts(record_script: Run, workers: Path) -> None:
    (workers / "worker.py").write_text(
        (workers / "worker.py").read_text().partition("print")[0]
        + "import pathlib, time\n"
        + "while not list(pathlib.Path('out/children').glob('*/activities')): time.sleep(0.01)\n"
        + "time.sleep(0.2)\nos.kill(os.getpid(), 9)\n"
    )
    done = record_script(
        "import subprocess, sys\n"
        "os.environ['TIMELINE_EVERY'] = '0.05'\n"
        "print(subprocess.run([sys.executable, 'worker.py', '30']).returncode)\n"
    )
    assert (done.returncode, done.stdout) == (0, "-9\n"), done.stderr
    (one,) = children(workers / "out")
    trace = Trace.load(one)
    assert trace.activities.num_rows == 30
    assert "did not end" in trace.meta.notes[0]


def test_children_of_multiprocessing_by_spawn_are_recorded(
    record_script: Run, workers: Path
) -> None:
    done = record_script(
        "import multiprocessing\n"
        "def work(count):\n"
        "    import cupy\n"
        "    launch(count)\n"
        "    return count\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(work, [3, 4]))\n"
        "        pool.close()\n"
        "        pool.join()\n"
    )
    assert (done.returncode, done.stdout) == (0, "[3, 4]\n"), done.stderr
    (one,) = children(workers / "out")
    assert Trace.load(one).activities.num_rows == 7


def test_a_child_finds_the_timeline_that_records_its_parent(
    run: Run, run_script_code: str, environment: dict[str, str], workers: Path
) -> None:
    (workers / "script.py").write_text(
        "import subprocess, sys\nsubprocess.run([sys.executable, 'worker.py', '6'])\n"
    )
    code = f"import sys; sys.path.insert(0, {environment['PYTHONPATH']!r})\n{run_script_code}"
    done = run(code, "out", "script.py", PYTHONPATH="")
    assert done.returncode == 0, done.stderr
    (one,) = children(workers / "out")
    assert Trace.load(one).activities.num_rows == 6


def test_a_hidden_sitecustomize_still_runs(
    record_script: Run, environment: dict[str, str], workers: Path
) -> None:
    (workers / "mine").mkdir()
    (workers / "mine" / "sitecustomize.py").write_text("import sys\nsys.mine = __name__\n")
    done = record_script(
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', "
        "'import sys; print(sys.mine, sys.modules[sys.mine].__file__[-21:])'])\n",
        PYTHONPATH=f"{workers / 'mine'}:{environment['PYTHONPATH']}",
    )
    assert (done.returncode, done.stdout) == (0, "sitecustomize mine/sitecustomize.py\n"), (
        done.stderr
    )


def test_a_process_that_imports_no_gpu_library_is_not_recorded_and_stays_light(
    record_script: Run, tmp_path: Path
) -> None:
    done = record_script(
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', 'import sys; print(\"numpy\" in sys.modules)'])\n"
    )
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr
    assert children(tmp_path / "out") == []


def test_a_trace_with_children_can_be_overwritten_and_other_files_there_can_t(
    tmp_path: Path,
) -> None:
    trace = Trace.from_tables(Meta("sim"), {})
    out = trace.save(tmp_path / "out")
    trace.save(out / "children" / "12")
    (out / "children" / ".13.x1.tmp").mkdir()  # of a child that was killed as it began
    trace.save(out, overwrite=True)
    assert children(out) == []
    trace.save(out / "children" / "12")
    (out / "children" / "12" / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="'children' is no part of a trace"):
        trace.save(out, overwrite=True)
