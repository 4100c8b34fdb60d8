"""The fixture ``timeline``, in suites of users."""

import shutil
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import timeline.backends.sim  # NumPy can not be imported again in a suite inside
import timeline.pytest_plugin.guard  # noqa: F401

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "guarded_project"
PINNED = ROOT / "samples" / "pinned_vs_pageable" / "pinned"

SUITE = """
    import pytest
    from timeline.techniques import technique

    @pytest.mark.timeline(backend="sim", name="copies")
    @pytest.mark.parametrize("part", ["one", "two"])
    def test_overlap(timeline, part):
        program = technique("three_way_overlap").program("VARIANT", total_mib=4, chunks=4)
        trace = timeline.run(program)
        timeline.check(trace.replace(labels={}), name=f"copies {part}")
"""


@pytest.fixture
def installed() -> list[str]:
    """Loads the plugin where the installation does not."""
    known = {point.value for point in entry_points(group="pytest11")}
    loaded = "timeline.pytest_plugin" in known
    return ["-p", "no:cacheprovider", *([] if loaded else ["-p", "timeline.pytest_plugin"])]


def write(pytester: pytest.Pytester, variant: str = "depth_first") -> None:
    pytester.makepyfile(test_suite=SUITE.replace("VARIANT", variant))


def test_update_then_check(pytester: pytest.Pytester, installed: list[str]) -> None:
    write(pytester)
    result = pytester.runpytest(*installed)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*overlap.json: No such file*make one with*--timeline-update*"])
    result = pytester.runpytest(*installed, "--timeline-update")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*timeline baseline*", "copies one: new", "wrote *overlap.json"])
    content = (pytester.path / "overlap.json").read_bytes()
    pytester.runpytest(*installed).assert_outcomes(passed=2)
    assert (pytester.path / "overlap.json").read_bytes() == content


def test_a_regression_fails_with_a_picture(pytester: pytest.Pytester, installed: list[str]) -> None:
    write(pytester)
    pytester.runpytest(*installed, "--timeline-update").assert_outcomes(passed=2)
    write(pytester, "serial")
    result = pytester.runpytest(*installed, "--timeline-pictures", "seen")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "FAILED copies one (NVIDIA H200, simulated): *",
            "  failed: makespan, device 0 *",
            "  both timelines: *seen/copies-one.svg",
        ]
    )
    assert "<svg" in (pytester.path / "seen" / "copies-one.svg").read_text()
    result = pytester.runpytest(*installed, "--timeline-update")
    result.stdout.fnmatch_lines(["copies one: * figures changed", "  makespan, device 0 * → *"])
    pytester.runpytest(*installed).assert_outcomes(passed=2)


def test_workers_of_xdist_share_one_baseline(
    pytester: pytest.Pytester, installed: list[str]
) -> None:
    write(pytester)
    result = pytester.runpytest(*installed, "-n", "2", "--timeline-update")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["copies *: new", "copies *: new", "wrote *overlap.json"])
    pytester.runpytest(*installed, "-n", "2").assert_outcomes(passed=2)


def test_traces_are_loaded_and_limits_need_no_baseline(
    pytester: pytest.Pytester, installed: list[str]
) -> None:
    pytester.makepyfile(
        f"""
        def test_limits(timeline):
            trace = timeline.load({str(PINNED)!r})
            timeline.require(trace, "pageable_copies == 0", "hidden_copy_ratio >= 0.6")

        def test_broken_limit(timeline):
            timeline.require(timeline.load({str(PINNED)!r}), "streams >= 5")
        """
    )
    result = pytester.runpytest(*installed)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["  failed: streams, device 0 is 4, must be 'streams >= 5'"])
    assert not (pytester.path / "overlap.json").exists()


def test_several_traces_are_recordings_of_one_thing(
    pytester: pytest.Pytester, installed: list[str]
) -> None:
    other = PINNED.parent / "pageable"
    pytester.makepyfile(
        f"""
        def test_same(timeline):
            trace = timeline.load({str(PINNED)!r})
            found = timeline.require([trace, trace], "makespan <= 4ms")
            assert found.verdicts[0].now.count == 10

        def test_different(timeline):
            traces = [timeline.load(p) for p in {[str(PINNED), str(other)]!r}]
            timeline.require(traces, "streams >= 1")
        """
    )
    result = pytester.runpytest(*installed)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*traces of one thing are checked at a time, not of pinned_*"])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ('timeline.require(trace, "makespan: +3%")', "needs a baseline: use timeline.check"),
        ('timeline.require(trace, "busy[P2P] <= 3us")', "no such figure"),
        ('timeline.require(trace, "makespan: +3&")', "character 13"),
        ("timeline.check(trace)", "make one with timeline baseline"),
    ],
)
def test_wrong_use_is_said(
    call: str, words: str, pytester: pytest.Pytester, installed: list[str]
) -> None:
    pytester.makepyfile(
        f"""
        def test_it(timeline):
            trace = timeline.load({str(PINNED)!r})
            {call}
        """
    )
    result = pytester.runpytest(*installed)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*UsageError: *{words}*"])


def test_markers_are_checked(pytester: pytest.Pytester, installed: list[str]) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.timeline(treshold=[])
        def test_it(timeline):
            pass
        """
    )
    result = pytester.runpytest(*installed, "--strict-markers")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*no option of the marker timeline named 'treshold'*"])


def test_settings_of_the_project_and_of_the_marker(
    pytester: pytest.Pytester, installed: list[str]
) -> None:
    pytester.makepyprojecttoml(
        """
        [tool.timeline.check]
        baseline = "perf/kept.json"
        thresholds = ["duration[other test's kernel]: +1%"]
        ranges = ["range of another test"]
        """
    )
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.timeline(ranges=["batch 1"], thresholds=["streams >= 1"])
        def test_it(timeline):
            found = timeline.check(timeline.load({str(PINNED)!r}), "makespan: +1%")
            if found:
                scopes = {{str(v.place.scope) for v in found.verdicts}}
                assert scopes == {{"whole", "range batch 1"}}
        """
    )
    pytester.runpytest(*installed, "--timeline-update").assert_outcomes(passed=1)
    assert (pytester.path / "perf" / "kept.json").exists()
    pytester.runpytest(*installed).assert_outcomes(passed=1)


def test_what_needs_a_gpu_is_skipped_without(
    pytester: pytest.Pytester, installed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timeline.backends.why_not_cuda", lambda devices=1: "no GPU here")
    pytester.makepyfile(
        """
        import pytest

        def test_record(timeline):
            timeline.record(lambda: 1 / 0)

        @pytest.mark.timeline(backend="cuda")
        def test_run(timeline):
            timeline.run(None)
        """
    )
    pytester.runpytest(*installed).assert_outcomes(skipped=2)


def test_the_example_project(pytester: pytest.Pytester, installed: list[str]) -> None:
    """As a user would run it; then with one stream fewer, which its tests find."""
    project = pytester.path / "project"
    shutil.copytree(EXAMPLE, project)
    tests = str(project / "tests" / "test_schedule.py")
    arguments = [*installed, "--rootdir", str(project), "-c", str(project / "pyproject.toml")]
    pytester.runpytest_subprocess(*arguments, tests).assert_outcomes(passed=2)
    schedule = project / "schedule.py"
    schedule.write_text(schedule.read_text().replace("STREAMS = 8, 2", "STREAMS = 8, 1"))
    result = pytester.runpytest_subprocess(*arguments, tests)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["  failed: streams, device 0 2 → 1 (-1), allowed 'streams: -0'*"])
