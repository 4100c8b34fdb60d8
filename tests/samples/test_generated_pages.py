"""The tools that write pages from the samples."""

import json
import runpy
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from timeline.samples import recorded
from timeline.techniques import NAMES
from timeline.trace import Trace

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"


@pytest.fixture(scope="module")
def readme() -> Mapping[str, Any]:
    return runpy.run_path(str(ROOT / "tools" / "samples_readme.py"))


@pytest.fixture
def some(tmp_path: Path) -> Path:
    """A folder with samples of one technique."""
    shutil.copytree(SAMPLES / "pdl", tmp_path / "pdl")
    return tmp_path


def test_a_page_is_written_and_found_current(readme: Mapping[str, Any], some: Path) -> None:
    assert readme["main"]([str(some), "--check"]) == 1
    assert readme["main"]([str(some)]) == 0
    assert readme["main"]([str(some), "--check"]) == 0
    text = (some / "README.md").read_text(encoding="utf-8")
    assert "| [pdl](pdl/pdl) |" in text
    assert "NVIDIA H200" in text
    assert "| dependent launch |" in text
    assert "## event_wait" not in text


def test_checks_need_every_variant(readme: Mapping[str, Any], some: Path) -> None:
    shutil.rmtree(some / "pdl" / "pdl")
    text = readme["page"](some)
    assert "stream_order" in text
    assert "| dependent launch |" not in text


def test_the_page_of_the_samples_says_that_every_check_holds(readme: Mapping[str, Any]) -> None:
    text = readme["page"](SAMPLES)
    assert "| NO |" not in text
    assert text.count("| yes |") >= 30


def test_a_comparison_table_that_is_out_of_date_is_seen(
    simulator_page: Mapping[str, Any], some: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(SAMPLES / "calibration", some / "calibration")
    assert simulator_page["main"]([str(some), "--check"]) == 1
    assert "out of date" in capsys.readouterr().err
    assert simulator_page["main"]([str(SAMPLES), "--check"]) == 0


def say_recorded_on(place: Path, *gpus: str) -> None:
    """Change the devices that a trace names."""
    meta = json.loads((place / "meta.json").read_text())
    meta["devices"] = [{**meta["devices"][0], "id": n, "name": name} for n, name in enumerate(gpus)]
    (place / "meta.json").write_text(json.dumps(meta))


def test_pages_say_which_gpu_a_row_is_of(
    readme: Mapping[str, Any], simulator_page: Mapping[str, Any], some: Path
) -> None:
    for variant in ("stream_order", "pdl"):
        say_recorded_on(some / "pdl" / variant, "NVIDIA A100-SXM4-80GB")
    figures = runpy.run_path(str(ROOT / "tools" / "readme_figures.py"))["figures"]
    assert "| A100-SXM4-80GB |" in figures(some)
    assert "NVIDIA A100-SXM4-80GB, driver" in readme["page"](some)
    assert "| pdl | stream_order | A100-SXM4-80GB |" in simulator_page["tables"](some)
    for variant in ("stream_order", "pdl"):
        say_recorded_on(some / "pdl" / variant, "NVIDIA Z900")
    assert "Without a device file for the simulator: pdl (NVIDIA Z900)." in (
        simulator_page["tables"](some)
    )


def test_variants_of_two_gpus_are_not_set_against_each_other(
    readme: Mapping[str, Any], some: Path
) -> None:
    say_recorded_on(some / "pdl" / "pdl", "NVIDIA A100-SXM4-80GB")
    figures = runpy.run_path(str(ROOT / "tools" / "readme_figures.py"))["figures"]
    assert "stream_order 1.330 ms → stream_order 1.330 ms | 1.00×" in figures(some)
    assert "| on NVIDIA A100-SXM4-80GB |" in readme["page"](some)


def test_a_run_over_two_devices_has_a_row(
    readme: Mapping[str, Any], simulator_page: Mapping[str, Any], some: Path
) -> None:
    for variant in ("stream_order", "pdl"):
        trace = Trace.load(some / "pdl" / variant)
        second = np.arange(trace.activities.num_rows) % 2
        column = pa.array(second.astype(np.int32))
        at = trace.activities.column_names.index("device")
        split = trace.activities.set_column(at, trace.activities.field(at), column)
        device = trace.meta.devices[0]
        meta = replace(trace.meta, devices=(device, replace(device, id=1)))
        both = Trace.from_tables(meta, {**trace.tables, "activities": split})
        both.save(some / "pdl" / variant, overwrite=True)
    figures = runpy.run_path(str(ROOT / "tools" / "readme_figures.py"))["figures"]
    assert "| 2 × H200 | stream_order 1.330 ms → pdl 998.6 µs | 1.33× | devices" in figures(some)
    assert "| devices at once | overlaps |" in readme["page"](some)
    (row, *_) = simulator_page["comparisons"](some)
    assert row.ratio == pytest.approx(1, abs=0.1)
    assert [str(o) for o in row.overlaps] == ["(1:D2H ∩ 1:SM 0.000 → –)"]


def test_pictures_are_current() -> None:
    """Else: ``python tools/pictures.py``."""
    pictures = runpy.run_path(str(ROOT / "tools" / "pictures.py"))
    assert pictures["outdated"](SAMPLES) == []


def test_the_figures_of_the_readme_are_current() -> None:
    """Else: ``python tools/readme_figures.py``."""
    assert runpy.run_path(str(ROOT / "tools" / "readme_figures.py"))["main"](["--check"]) == 0


@pytest.fixture(scope="module")
def techniques() -> Mapping[str, Any]:
    return runpy.run_path(str(ROOT / "tools" / "technique_pages.py"))


def test_the_pages_of_techniques_are_current(techniques: Mapping[str, Any]) -> None:
    """Else: ``python tools/technique_pages.py``."""
    assert techniques["outdated"](SAMPLES, ROOT / "docs" / "techniques") == []


def test_pages_of_techniques_are_written_and_those_that_are_gone_taken_away(
    techniques: Mapping[str, Any], some: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = some / "pages"
    techniques["write"](some, folder)
    (folder / "gone.md").write_text("# Gone\n")
    assert techniques["outdated"](some, folder) == ["gone.md"]
    techniques["write"](some, folder)
    names = ["README.md", "pdl.md", "pdl.svg", "pdl_inside.svg"]
    assert sorted(place.name for place in folder.iterdir()) == names
    page, index = (folder / "pdl.md").read_text(), (folder / "README.md").read_text()
    assert "![Programmatic dependent launch: stream_order above pdl](pdl.svg)" in page
    assert "| prologue hidden |" in page
    assert "--stamps" in page
    assert "(`event_wait`) | 11-5, 11-6 |" in index
    assert index.count("not recorded yet") == len(NAMES) - 1
    assert techniques["main"]([str(some), "--check"]) == 1
    assert "README.md" in capsys.readouterr().err


def test_pictures_of_pages_are_small(techniques: Mapping[str, Any], some: Path) -> None:
    for place in (ROOT / "docs" / "techniques").glob("*.svg"):
        assert place.stat().st_size <= techniques["MOST_BYTES"]
    found = recorded(some, "pdl")
    assert len(techniques["picture"](found, 30_000)) <= 30_000 < len(techniques["picture"](found))


def test_a_technique_with_a_missing_variant_has_no_checks(
    techniques: Mapping[str, Any], some: Path
) -> None:
    shutil.rmtree(some / "pdl" / "pdl")
    page = techniques["page"](some, recorded(some, "pdl"), [])
    assert "prologue hidden" not in page
    assert "stream_order" in page


def test_what_stamps_cost_is_told_where_it_was_recorded(
    techniques: Mapping[str, Any], some: Path
) -> None:
    found = recorded(some, "pdl")
    assert "What the stamps cost" not in techniques["page"](some, found, [])
    plain = some / "without_stamps" / "pdl" / "stream_order"
    shutil.copytree(some / "pdl" / "pdl", plain)  # its kernels take about as long
    page = techniques["page"](some, found, [])
    assert "| stream_order | primary | 256 |" in page
    assert page.count("| stream_order | secondary | 384 |") == 1


def test_the_claims_are_current(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Else: ``python tools/claims_page.py``."""
    tool = runpy.run_path(str(ROOT / "tools" / "claims_page.py"))
    assert tool["main"](["--check"]) == 0
    assert tool["main"]([str(tmp_path), "--check"]) == 1
    assert "out of date" in capsys.readouterr().err


def test_the_page_of_findings_is_current(some: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Else: ``python tools/findings_page.py``."""
    tool = runpy.run_path(str(ROOT / "tools" / "findings_page.py"))
    text = tool["page"](SAMPLES)
    assert text == (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    assert "**missed**" not in text
    assert "**not judged**" not in text
    assert tool["main"]([str(some), "--check"]) == 1
    assert "out of date" in capsys.readouterr().err


def test_sentences_on_the_recorder_say_what_was_missed() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "readme_figures.py"))
    cost = {"us_added": 0.4, "us_to_stop": 0.2, "us_to_write": 0.3, "us_a_record": 0.6, "lost": 0}
    peer = cost | {"us_to_stop": 8.0, "us_a_record": 60.0}
    costs = {
        "timeline": {"us_a_launch": 1.0, "200000": cost, "1000000": cost},
        "torch.profiler": {"us_a_launch": 3.0, "200000": peer},
        "cupti-python": {"us_a_launch": 3.0, "200000": peer},
    }
    said = " ".join(tool["sentences"](costs))
    assert "the goal of 0.5 µs is **missed**" in said
    assert "the goal of 2 µs is kept" in said
    assert "40 times as long as the recorder takes to have its tables, 16 times" in said
    assert "100 times as much" in said
    assert "Of 1,000,000 kernels, none was lost." in said
