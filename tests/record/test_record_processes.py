"""Children of a recorded process: each has a trace of its own beside its parent's."""

from __future__ import annotations

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


def test_a_trace_with_children_can_be_overwritten_and_other_files_there_can_t(
    tmp_path: Path,
) -> None:
    trace = Trace.from_tables(Meta("sim"), {})
    out = trace.save(tmp_path / "out")
    trace.save(out / "children" / "12")
    trace.save(out, overwrite=True)
    assert children(out) == []
    trace.save(out / "children" / "12")
    (out / "children" / "12" / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="'children' is no part of a trace"):
        trace.save(out, overwrite=True)
