"""Ranks measured one by one are the ranks measured anywhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.cli import main
from timeline.errors import TimelineError, TraceError, UnavailableError, UsageError
from timeline.ranks import Job, expand, job, measure, on_cluster, on_cores
from timeline.ranks.alignment import align
from timeline.ranks.places import rank_in
from timeline.ranks.summary import Anchors
from timeline.trace import Trace

MakeRank = Callable[..., Trace]


def silent(_: str) -> None:
    pass


def measured(folder: Path, **options: Any) -> Job:
    places = expand([str(folder / "rank*")])
    return job([measure(place, **options) for place in places])


def same(one: Job, other: Job) -> bool:
    return one.to_json() == other.to_json()


def test_places_are_found_in_natural_order(tmp_path: Path) -> None:
    for rank in (10, 2, 1):
        (tmp_path / f"rank{rank}").mkdir()
    found = expand([str(tmp_path / "rank*"), str(tmp_path / "rank2")])
    assert [Path(place).name for place in found] == ["rank1", "rank2", "rank10"]
    with pytest.raises(UsageError, match="matches nothing"):
        expand([str(tmp_path / "none*")])


@pytest.mark.parametrize(
    ("place", "rank"),
    [
        ("run/rank12.sqlite", 12),
        ("s3://bucket/run7/Rank_003/report.json.gz", 3),
        ("run/rank-5/trace", 5),
        ("run/trace_17.json", 17),
        ("job/worker4/profile", 4),
        ("run/trace", None),
    ],
)
def test_the_name_tells_the_rank(place: str, rank: int | None) -> None:
    assert rank_in(place) == rank


def test_figures_of_a_rank_are_those_of_its_trace(run_folder: Path) -> None:
    from timeline.report import report

    trace = Trace.load(run_folder / "rank3.trace")
    (expected,) = report(trace).to_json()["devices"]
    (found,) = measure(str(run_folder / "rank3.trace")).devices
    assert found.makespan_ns == expected["makespan_ns"]
    assert found.bound_ns == expected["bound_ns"]
    assert found.busy_ns["SM"] == expected["engines"]["SM"]["busy_ns"]
    assert found.exposed_copy_ns == expected["exposed_copy_ns"]


def test_collectives_align_the_clocks_and_tell_who_is_late(run_folder: Path) -> None:
    found = measured(run_folder)
    assert found.alignment.by == "collective"
    assert found.alignment.matched == 6
    assert found.alignment.offsets_ns.tolist() == [rank * 10**6 for rank in range(8)]
    assert found.alignment.residual_ns == 0
    assert found.lateness_ns is not None
    assert found.lateness_ns.tolist() == [0, 10, 20, 5000, 40, 50, 60, 70]
    (straggler,) = found.stragglers
    assert (straggler.rank, straggler.ns, straggler.by) == (3, 5000, "late to collectives")
    assert found.starts_ns.tolist() == [0] * 8


def test_ranges_align_where_there_are_no_collectives(tmp_path: Path, make_rank: MakeRank) -> None:
    for rank in range(3):
        trace = make_rank(rank, skew_ns=rank * 777, collectives=False)
        trace.save(tmp_path / f"rank{rank}")
    found = measured(tmp_path)
    assert (found.alignment.by, found.alignment.matched) == ("range", 6)
    assert found.alignment.offsets_ns.tolist() == [0, 777, 1554]
    assert found.lateness_ns is None


def test_first_activities_align_where_nothing_is_shared(
    tmp_path: Path, make_rank: MakeRank
) -> None:
    for rank in range(3):
        trace = make_rank(rank, skew_ns=rank * 777, collectives=False, ranges=False)
        trace.save(tmp_path / f"rank{rank}")
    found = measured(tmp_path)
    assert found.alignment.by == "first activity"
    assert found.starts_ns.tolist() == [0, 0, 0]


@given(
    offsets=st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=6),
    ends=st.lists(st.integers(0, 10**12), min_size=1, max_size=20),
    extra=st.integers(0, 3),
)
def test_any_skew_is_found_again(offsets: list[int], ends: list[int], extra: int) -> None:
    """Also when some ranks ran on longer than others."""
    base = np.array(sorted(ends), np.int64) + 10**18

    def anchors(place: int, offset: int) -> Anchors:
        tail = np.arange(extra * (place % 2))
        names = ("a",) * len(base) + ("b",) * len(tail)
        times = np.concatenate([base, tail]) + offset
        return Anchors(names, times - 5, times, {}, None)

    found = align([anchors(i, offset) for i, offset in enumerate(offsets)])
    assert found.matched == len(base) + (extra if len(offsets) == 0 else 0)
    assert found.offsets_ns.tolist() == [offset - offsets[0] for offset in offsets]
    assert found.residual_ns == 0


@pytest.fixture(scope="module")
def reference(run_folder: Path) -> Job:
    return measured(run_folder)


def test_processes_measure_the_same(run_folder: Path, reference: Job) -> None:
    places, done = expand([str(run_folder / "rank*")]), list[str]()
    found = on_cores(2)(places, done.append)
    assert same(job(found), reference)
    assert sorted(done) == sorted(places)


def test_one_core_measures_the_same(run_folder: Path, reference: Job) -> None:
    assert same(job(on_cores(1)(expand([str(run_folder / "rank*")]), silent)), reference)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_rank_that_can_not_be_read_is_named_or_left_out(
    tmp_path: Path, make_rank: MakeRank, jobs: int
) -> None:
    for rank in range(2):
        make_rank(rank).save(tmp_path / f"rank{rank}")
    (tmp_path / "rank2").write_text("no trace")
    places = expand([str(tmp_path / "rank*")])
    with pytest.raises(TraceError, match="rank2"):
        on_cores(jobs)(places, silent)
    found = job(on_cores(jobs, lenient=True)(places, silent))
    assert [rank.rank for rank in found.ranks] == [0, 1]
    assert [rank.rank for rank in found.failed] == [2]
    with pytest.raises(TraceError, match="none of 1 ranks"):
        job(on_cores(jobs, lenient=True)(places[2:], silent))


def test_a_job_as_json_and_as_text(
    run_folder: Path, capsys: pytest.CaptureFixture[str], reference: Job
) -> None:
    pattern = str(run_folder / "rank*")
    assert main(["report", pattern, "--jobs", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(reference.to_json()))
    assert main(["report", pattern, "--jobs", "1"]) == 0
    text = capsys.readouterr().out
    assert "Clocks aligned by the ends of 6 collectives" in text
    assert "Rank 3 stands out: late to collectives 5.000 µs" in text


@pytest.mark.parametrize(
    "arguments", [["--window", "1us:2us"], ["--jobs", "0"], ["--scheduler", "x", "--jobs", "2"]]
)
def test_options_that_do_not_go_together(
    run_folder: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(run_folder / "rank*"), *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.fixture
def store(run_folder: Path) -> Iterator[str]:
    """The ranks in a store of fsspec that lives in this process."""
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.put(str(run_folder), "/store/run", recursive=True)
    yield "memory://store/run"
    memory.rm("/store", recursive=True)


def test_ranks_in_a_store(store: str, reference: Job) -> None:
    places = expand([f"{store}/rank*"])
    assert len(places) == 8
    assert all(place.startswith("memory://") for place in places)
    found = job([measure(place) for place in places])
    left_out = {"place"}
    for one, other in zip(found.to_json()["ranks"], reference.to_json()["ranks"], strict=True):
        assert {k: v for k, v in one.items() if k not in left_out} == {
            k: v for k, v in other.items() if k not in left_out
        }


def test_files_by_their_address(run_folder: Path) -> None:
    pytest.importorskip("fsspec")
    places = expand([f"file://{run_folder}/rank*"])
    assert len(places) == 8
    assert measure(places[3]).devices == measure(str(run_folder / "rank3.trace")).devices


@pytest.mark.parametrize("address", ["memory://store/nothing", "nosuch://x/y"])
def test_a_place_in_a_store_that_is_not_there(address: str) -> None:
    pytest.importorskip("fsspec")
    with pytest.raises(TimelineError, match=address.partition(":")[0]):
        measure(address)


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """A real scheduler with two workers in processes of their own."""
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster:
        yield cluster.scheduler_address


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_measures_the_same(run_folder: Path, reference: Job, scheduler: str) -> None:
    places, done = expand([str(run_folder / "rank*")]), list[str]()
    found = on_cluster(scheduler)(places, done.append)
    assert same(job(found), reference)
    assert sorted(done) == sorted(places)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_reads_a_store_and_tells_what_it_can_not(
    run_folder: Path, reference: Job, scheduler: str, tmp_path: Path
) -> None:
    places = expand([f"file://{run_folder}/rank*"])
    found = job(on_cluster(scheduler)(places, silent))
    assert found.alignment.offsets_ns.tolist() == reference.alignment.offsets_ns.tolist()
    with pytest.raises(TraceError, match="missing"):
        on_cluster(scheduler)([f"file://{tmp_path}/missing"], silent)


@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_does_not_answer(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("timeline.ranks.runners._CONNECT_S", 0.2)
    with pytest.raises(UnavailableError, match="no Dask scheduler answers"):
        on_cluster("tcp://127.0.0.1:9")([str(run_folder / "rank0.trace")], silent)


def test_a_job_as_one_html_file(run_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("plotly")
    out = tmp_path / "job.html"
    assert main(["report", str(run_folder / "rank*"), "--jobs", "1", "--html", str(out)]) == 0
    page = out.read_text()
    assert "Rank 3 stands out: late to collectives" in page
    assert "when it ran, on one clock" in page
