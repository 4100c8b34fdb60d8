"""What the pages do, without a browser."""

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from timeline.figures.units import duration_text
from timeline.findings import findings
from timeline.formats import ImportOptions, by_name
from timeline.techniques import NAMES, technique
from timeline.trace import Meta, Trace, table
from timeline.whatif import predict

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
SAMPLE = SAMPLES / "pdl" / "pdl"

testing = pytest.importorskip("streamlit.testing.v1")


def techniques_page() -> None:
    from timeline.ui.techniques_page import page

    page()


def overview_page() -> None:
    from timeline.ui.overview_page import page

    page()


def timeline_page() -> None:
    from timeline.ui.timeline_page import page

    page()


def open_page() -> None:
    from timeline.ui.open_page import page

    page()


def findings_page() -> None:
    from timeline.ui.findings_page import page

    page()


def whatif_page() -> None:
    from timeline.ui.whatif_page import page

    page()


def compare_page() -> None:
    from timeline.ui.compare_page import page

    page()


def ranks_page() -> None:
    from timeline.ui.ranks_page import page

    page()


@pytest.fixture(autouse=True)
def own_main_module() -> Iterator[None]:
    """A page leaves its script as ``__main__``, which every process started later would run."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


def run(script: Any, **query: str) -> Any:
    test = testing.AppTest.from_function(script, default_timeout=60)
    for name, value in query.items():
        test.query_params[name] = value
    return test.run()


@pytest.mark.parametrize("name", NAMES)
def test_every_technique_has_a_page(name: str) -> None:
    test = run(techniques_page, technique=name)
    assert not test.exception
    assert not test.error
    assert test.selectbox(key="chosen").value == name
    shown = " ".join(block.value for block in test.get("html"))
    assert technique(name).title in shown
    assert "Makespan" in shown


def test_an_unknown_technique_in_the_address_is_the_first() -> None:
    test = run(techniques_page, technique="nonsense")
    assert not test.exception
    assert test.selectbox(key="chosen").value == NAMES[0]


def test_choosing_changes_the_address() -> None:
    test = run(techniques_page)
    test.selectbox(key="chosen").select("pdl").run()
    assert not test.exception
    assert test.query_params["technique"] in ("pdl", ["pdl"])


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages wait for their traces instead of coming back, which only a browser asks them to."""
    monkeypatch.setattr("timeline.ui.waiting._AT_ONCE_S", 60.0)


PAGES = (
    *(overview_page, timeline_page, findings_page, whatif_page),
    *(open_page, compare_page, ranks_page),
)


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Name traces on the command line, and let there be no samples."""

    def name(*places: Path) -> None:
        monkeypatch.setattr("sys.argv", ["script.py", *map(str, places)])
        for module in ("library", "open_page"):
            monkeypatch.setattr(f"timeline.ui.{module}.samples_folder", lambda: None)

    return name


def sound(test: Any) -> Any:
    assert not test.exception
    assert not test.error
    return test


@pytest.mark.parametrize(
    "script", [overview_page, timeline_page, findings_page, whatif_page, compare_page]
)
def test_without_traces_a_page_says_what_to_do(
    script: Any, only: Callable[..., None], tmp_path: Path
) -> None:
    only(tmp_path)
    assert "timeline record" in sound(run(script)).info[0].value


def test_without_ranks_the_page_says_what_to_do(only: Callable[..., None], tmp_path: Path) -> None:
    only(tmp_path)
    assert "rank" in sound(run(ranks_page)).info[0].value


@pytest.mark.parametrize("script", [overview_page, timeline_page, findings_page, whatif_page])
def test_a_broken_trace_is_one_line(script: Any, only: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "meta.json").write_text('{"format": "other"}')
    only(tmp_path / "broken")
    test = run(script)
    assert not test.exception
    assert len(test.error) == 1
    assert "meta" in test.error[0].value
    assert "\n" not in test.error[0].value


@pytest.mark.parametrize("script", [overview_page, timeline_page])
def test_a_trace_of_the_command_line_is_opened(
    script: Any, only: Callable[..., None], hostile_folder: Path
) -> None:
    only(hostile_folder)
    test = sound(run(script))
    assert test.selectbox[0].value == "hostile"
    assert test.query_params["trace"] in ("hostile", ["hostile"])
    shown = " ".join(block.value for block in test.get("html"))
    assert "measured with CUPTI" in shown
    assert "<img" not in shown


def empty() -> Trace:
    return Trace.from_tables(Meta("cupti"), {})


def bare() -> Trace:
    """Kernels alone: no API calls, ranges, streams or correlation ids."""
    rows = {"kind": ["kernel"] * 2, "name": ["a", "b"], "start": [0, 50], "end": [40, 90]}
    rows |= {"device": [0, 0], "engine": ["SM", "SM"]}
    return Trace.from_tables(Meta("cupti"), {"activities": table("activities", rows)})


@pytest.mark.parametrize("script", PAGES)
@pytest.mark.parametrize("made", [empty, bare])
def test_every_page_works_with_little(
    script: Any, made: Callable[[], Trace], only: Callable[..., None], tmp_path: Path
) -> None:
    for name in ("one", "two"):
        made().save(tmp_path / name)
    only(tmp_path)
    sound(run(script))


def test_an_empty_trace_says_so(only: Callable[..., None], tmp_path: Path) -> None:
    only(empty().save(tmp_path / "nothing"))
    for script in (overview_page, timeline_page, findings_page, whatif_page):
        assert "no activity" in sound(run(script)).info[0].value


def test_a_file_of_another_tool_is_read_beside_the_page(
    only: Callable[..., None], tmp_path: Path
) -> None:
    by_name("kineto").write(Trace.load(SAMPLE), tmp_path / "trace.json.gz")
    only(tmp_path / "trace.json.gz")
    test = sound(run(overview_page))
    assert "Where the time went" in " ".join(block.value for block in test.get("html"))


def test_a_long_import_shows_progress_and_can_be_cancelled(
    only: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def slow(path: Path, options: ImportOptions) -> Trace:
        assert options.progress is not None
        options.progress(1, 2)
        assert go_on.wait(60)
        options.progress(2, 2)
        return bare()

    monkeypatch.setattr("timeline.ui.importing.open_trace", slow)
    monkeypatch.setattr("timeline.ui.waiting._AT_ONCE_S", 0.05)
    only(bare().save(tmp_path / "slow"))
    test = sound(run(overview_page))
    assert not [block for block in test.get("html") if "Makespan" in block.value]
    test.button(key="cancel/slow").click().run()
    go_on.set()
    monkeypatch.setattr("timeline.ui.waiting._AT_ONCE_S", 60.0)
    test.run()
    assert "cancelled" in test.error[0].value
    test.run()
    assert "Makespan" in " ".join(block.value for block in sound(test).get("html"))


def test_a_path_is_offered_on_every_page(only: Callable[..., None], tmp_path: Path) -> None:
    only(tmp_path)
    test = sound(run(open_page))
    test.text_input(key="path").input(str(SAMPLE)).run()
    assert "pdl" in " ".join(each.value for each in sound(test).markdown)
    assert list(test.session_state["library/paths"]) == [SAMPLE]


@pytest.mark.parametrize("typed", ["/nowhere/at/all", "{tmp}/notes.txt"])
def test_a_path_without_a_trace_is_one_line(
    typed: str, only: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("nothing to see")
    only(tmp_path)
    test = run(open_page)
    test.text_input(key="path").input(typed.format(tmp=tmp_path)).run()
    assert not test.exception
    assert len(test.error) == 1


def test_samples_are_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["script.py"])
    test = sound(run(overview_page, trace="pdl/pdl"))
    assert test.selectbox[0].value == "pdl/pdl"
    assert "Programmatic dependent launch · pdl" in " ".join(b.value for b in test.get("html"))


def test_ranks_that_were_named_are_compared(only: Callable[..., None], tmp_path: Path) -> None:
    for rank in range(3):
        bare().save(tmp_path / f"rank{rank}")
    only(tmp_path)
    test = sound(run(ranks_page))
    assert test.multiselect[0].value == ["rank0", "rank1", "rank2"]
    shown = [table.value for table in test.dataframe]
    assert list(shown[0]["rank"]) == [0, 1, 2]
    assert test.success[0].value == "No rank stands out."


def test_a_pattern_that_matches_nothing_is_one_line(
    only: Callable[..., None], tmp_path: Path
) -> None:
    only(tmp_path)
    test = run(ranks_page)
    test.text_input(key="pattern").input(str(tmp_path / "rank*")).run()
    assert not test.exception
    assert "matches nothing" in test.error[0].value


def test_zooming_in_on_a_kernel_and_its_sms(only: Callable[..., None]) -> None:
    only(SAMPLE)
    test = run(timeline_page, part="Figure")
    kernel = next(box for box in test.selectbox if "secondary" in box.options)
    assert kernel.options == ["all kernels", "primary", "secondary"]
    kernel.select("secondary")
    test.selectbox(key="trace/sms").select(4).run()
    sound(test)


def html_of(test: Any) -> str:
    return " ".join(block.value for block in sound(test).get("html"))


def test_findings_say_what_cost_time_and_what_to_do(only: Callable[..., None]) -> None:
    place = SAMPLES / "pinned_vs_pageable" / "pageable"
    only(place)
    test = run(findings_page)
    (found,) = findings(Trace.load(place))
    assert found.summary[1:] in html_of(test)
    said = " ".join(each.value for each in test.markdown)
    assert duration_text(found.cost_ns) in said.replace("\\", "")
    assert "pin_memory=True" in said.replace("\\", "")


def test_a_trace_without_findings_says_so(only: Callable[..., None]) -> None:
    only(SAMPLES / "three_way_overlap" / "depth_first")
    assert "Nothing costs more" in sound(run(findings_page)).success[0].value


def test_what_if_predicts_what_the_address_asks_for(only: Callable[..., None]) -> None:
    place = SAMPLES / "pinned_vs_pageable" / "pageable"
    only(place)
    test = run(whatif_page, fix="pin_copies")
    assert test.toggle[0].value is True
    found = predict(Trace.load(place), ["pin_copies"])
    assert duration_text(found.predicted_ns) in html_of(test)
    test.toggle[0].set_value(False).run()
    assert duration_text(found.predicted_ns) not in html_of(test)
    assert test.dataframe[0].value["gain ns"].iloc[0] == found.gain_ns


def test_a_fix_that_has_nothing_to_change_says_so(only: Callable[..., None]) -> None:
    only(SAMPLES / "three_way_overlap" / "depth_first")
    test = run(whatif_page, fix="pin_copies")
    assert "nothing to change" in sound(test).info[0].value.replace("\\", "")


def test_two_traces_are_compared_in_words(only: Callable[..., None]) -> None:
    only(SAMPLES / "pinned_vs_pageable")
    test = sound(run(compare_page))
    assert test.multiselect[0].value == ["pageable", "pinned"]
    rows = test.dataframe[1].value
    (makespan,) = (row for _, row in rows.iterrows() if row["figure"] == "makespan")
    assert makespan["before"] == "26.24 ms"
    assert makespan["change"].startswith("−")
    test.selectbox[0].select("batch 0").run()
    assert any("batch 0" in place for place in sound(test).dataframe[1].value["where"])


def test_a_technique_shows_its_recordings_and_verdicts() -> None:
    test = run(techniques_page, technique="pdl", view="Recorded")
    assert "Recorded on NVIDIA H200" in html_of(test)
    test = run(techniques_page, technique="pdl", view="Claims")
    assert "A dependent launched with PDL goes on at the trigger" in html_of(test)
    assert test.dataframe[0].value["part"].iloc[0] == "decides"


def test_without_a_gpu_the_page_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timeline.ui.technique_tabs.missing_gpu", lambda: "no driver")
    test = run(techniques_page, technique="pdl", view="This GPU")
    assert "Nothing can be recorded here: no driver." in html_of(test)


def test_with_a_gpu_every_variant_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def record(name: str, settings: Any) -> dict[str, Path]:
        asked.append((name, settings["grid"]))
        return {"pdl": SAMPLE}

    monkeypatch.setattr("timeline.ui.technique_tabs.missing_gpu", lambda: "")
    monkeypatch.setattr("timeline.ui.technique_tabs.record", record)
    test = run(techniques_page, technique="pdl", view="This GPU")
    test.button[0].click().run()
    assert asked == [("pdl", 128)]
    assert list(sound(test).dataframe[0].value["trace"]) == ["pdl"]
