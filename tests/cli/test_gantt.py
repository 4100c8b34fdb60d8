"""``timeline gantt``: pictures of a trace."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from timeline.cli import main
from timeline.techniques import technique
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


def simulated(folder: Path, variant: str) -> Path:
    labels = {"technique": "pdl", "variant": variant}
    columns = {
        "kind": ["kernel"],
        "name": ["scale"],
        "start": [0],
        "end": [1_000],
        "device": [0],
        "stream": [1],
        "engine": ["SM"],
    }
    meta = Meta("sim", devices=(Device(0, "GPU"),), labels=labels)
    tables = {"activities": table("activities", columns)}
    return Trace.from_tables(meta, tables).save(folder / variant)


@pytest.mark.parametrize("suffix", [".svg", ".html"])
def test_several_traces_are_set_one_above_the_other(suffix: str, tmp_path: Path) -> None:
    places = [str(simulated(tmp_path, name)) for name in ("stream_order", "pdl")]
    out = tmp_path / f"both{suffix}"
    assert main(["gantt", *places, "-o", str(out)]) == 0
    drawn = out.read_text(encoding="utf-8")
    assert technique("pdl").title in drawn
    assert all(name in drawn for name in ("stream_order", "pdl"))


def test_a_picture_says_where_its_times_are_from(tmp_path: Path, saved: Path) -> None:
    for place, words in ((simulated(tmp_path, "pdl"), "simulated GPU"), (saved, "by cupti")):
        out = tmp_path / f"{place.name}.svg"
        assert main(["gantt", str(place), "-o", str(out)]) == 0
        assert words in texts(out)


def test_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    places = [str(simulated(tmp_path / run, "pdl")) for run in ("before", "after")]
    assert main(["gantt", *places, "-o", str(tmp_path / "both.svg")]) == 0
    drawn = texts(tmp_path / "both.svg")
    assert "before" in drawn
    assert "after" in drawn


def test_a_window_is_of_one_trace(saved: Path, tmp_path: Path, capsys: Captured) -> None:
    argv = ["gantt", str(saved), str(saved), "-o", str(tmp_path / "x.svg"), "--window", ":5us"]
    assert main(argv) == 2
    assert "--window is of one trace" in capsys.readouterr().err


PDL = Path(__file__).resolve().parents[2] / "samples" / "pdl" / "pdl"


def test_a_launch_and_the_blocks_on_its_sms(tmp_path: Path) -> None:
    out = tmp_path / "launch.svg"
    asked = ["--kernel", "second", "--sms", "3"]
    assert main(["gantt", str(PDL), "-o", str(out), *asked]) == 0
    drawn = texts(out)
    assert "prologue" in drawn
    assert "SM 2" in drawn
    assert "SM 3" not in drawn


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--kernel", "tertiary"], "no kernel with stamps named 'tertiary'"),
        (["--kernel", "primary", "--window", ":5us"], "give one of them"),
        (["--sms", "-1"], "must not be negative"),
    ],
)
def test_what_can_not_be_zoomed_in_on(
    asked: list[str], words: str, tmp_path: Path, capsys: Captured
) -> None:
    assert main(["gantt", str(PDL), "-o", str(tmp_path / "x.svg"), *asked]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "x.svg").exists()
