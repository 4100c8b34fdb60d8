"""What the pages do, without a browser."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from timeline.techniques import NAMES, technique

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


def test_without_traces_the_page_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.argv", ["script.py", str(tmp_path)])
    test = run(timeline_page)
    assert not test.exception
    assert "timeline record" in test.info[0].value


def test_a_broken_trace_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "meta.json").write_text('{"format": "other"}')
    monkeypatch.setattr("sys.argv", ["script.py", str(tmp_path / "broken")])
    test = run(timeline_page)
    assert not test.exception
    assert len(test.error) == 1
    assert "meta" in test.error[0].value
    assert "\n" not in test.error[0].value


def test_a_trace_of_the_command_line_is_opened(
    monkeypatch: pytest.MonkeyPatch, hostile_folder: Path
) -> None:
    monkeypatch.setattr("sys.argv", ["script.py", str(hostile_folder)])
    test = run(timeline_page)
    assert not test.exception
    assert not test.error
    assert test.multiselect[0].value == ["hostile"]
    shown = " ".join(block.value for block in test.get("html"))
    assert "measured with CUPTI" in shown
    assert "<img" not in shown


def test_zooming_in_on_a_kernel_and_its_sms(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = Path(__file__).resolve().parents[2] / "samples" / "pdl" / "pdl"
    monkeypatch.setattr("sys.argv", ["script.py", str(sample)])
    test = run(timeline_page)
    kernel = next(box for box in test.selectbox if "secondary" in box.options)
    assert kernel.options == ["all kernels", "primary", "secondary"]
    kernel.select("secondary")
    test.selectbox(key="trace/sms").select(4).run()
    assert not test.exception
    assert not test.error
