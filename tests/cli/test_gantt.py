"""``timeline gantt``: pictures of a trace."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from timeline.cli import main
from timeline.trace import Device, Meta, Trace, table

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    columns = {
        "kind": ["memcpy", "kernel", "kernel"],
        "name": ["HtoD", "<scale> & 'add'", "late"],
        "start": [0, 1_000, 900_000],
        "end": [2_000, 3_000, 901_000],
        "device": [0, 0, 0],
        "stream": [1, 2, 2],
        "engine": ["H2D", "SM", "SM"],
    }
    trace = Trace.from_tables(
        Meta("cupti", devices=(Device(0, "GPU"),)), {"activities": table("activities", columns)}
    )
    return trace.save(tmp_path / "step")


def texts(svg: Path) -> str:
    return " ".join(ElementTree.fromstring(svg.read_text(encoding="utf-8")).itertext())


def test_svg(saved: Path, tmp_path: Path, capsys: Captured) -> None:
    out = tmp_path / "step.svg"
    assert main(["gantt", str(saved), "-o", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    drawn = texts(out)
    assert "H2D" in drawn
    assert "late" in drawn


def test_window_leaves_out_the_rest(saved: Path, tmp_path: Path) -> None:
    out = tmp_path / "step.svg"
    assert main(["gantt", str(saved), "-o", str(out), "--window", ":5us"]) == 0
    assert "late" not in texts(out)


def test_html_needs_no_network(saved: Path, tmp_path: Path) -> None:
    out = tmp_path / "step.html"
    assert main(["gantt", str(saved), "-o", str(out)]) == 0
    page = out.read_text(encoding="utf-8")
    assert "plotly.js v" in page
    assert 'src="http' not in page


def test_an_existing_picture_is_kept_unless_asked(
    saved: Path, tmp_path: Path, capsys: Captured
) -> None:
    out = tmp_path / "step.svg"
    out.write_text("mine")
    assert main(["gantt", str(saved), "-o", str(out)]) == 2
    assert "add --overwrite" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert main(["gantt", str(saved), "-o", str(out), "--overwrite"]) == 0
    assert out.read_text() != "mine"


@pytest.mark.parametrize("name", ["step.png", "step"])
def test_other_formats_are_refused(
    name: str, saved: Path, tmp_path: Path, capsys: Captured
) -> None:
    assert main(["gantt", str(saved), "-o", str(tmp_path / name)]) == 2
    assert "must end in .svg or .html" in capsys.readouterr().err


def test_a_truncated_trace_is_one_line(saved: Path, tmp_path: Path, capsys: Captured) -> None:
    (part,) = (saved / "activities").iterdir()
    part.write_bytes(part.read_bytes()[:-20])
    assert main(["gantt", str(saved), "-o", str(tmp_path / "step.svg")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("timeline: error: ")
    assert part.name in err
    assert err.count("\n") == 1
    assert not (tmp_path / "step.svg").exists()
