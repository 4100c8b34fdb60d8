"""``timeline report``: shapes, messages, exit codes."""

import json
import re
import shutil
from pathlib import Path

import pytest

from timeline.cli import main
from timeline.trace import Device, Meta, Trace, table

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A copy of 200 ns and a kernel of 300 ns, 100 ns of them at once."""
    columns = {
        "kind": ["memcpy", "kernel"],
        "name": ["HtoD", "\x1b[2Jscale"],
        "start": [0, 100],
        "end": [200, 400],
        "device": [0, 0],
        "stream": [1, 2],
        "engine": ["H2D", "SM"],
        "copy_kind": ["HtoD", None],
        "bytes": [4096, None],
    }
    meta = Meta("cupti", devices=(Device(0, "GPU"),))
    trace = Trace.from_tables(meta, {"activities": table("activities", columns)})
    return trace.save(tmp_path / "step")


def test_json(saved: Path, capsys: Captured) -> None:
    assert main(["report", str(saved), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["trace"] == str(saved)
    assert found["source"] == "cupti"
    (device,) = found["devices"]
    assert device["makespan_ns"] == 400
    assert device["hidden_copy_ratio"] == 0.5
    assert device["exposed_copy_ns"] == 100
    assert device["engines"]["SM"]["busy_ns"] == 300
    assert device["engines"]["H2D"]["activities"] == 1
    overlap = next(o for o in device["overlaps"] if set(o["engines"]) == {"H2D", "SM"})
    assert overlap["overlap_ns"] == 100
    assert overlap["ratio"] == 0.5


def test_table(saved: Path, capsys: Captured) -> None:
    assert main(["report", str(saved)]) == 0
    out = capsys.readouterr().out
    assert "H2D" in out
    assert "400 ns" in out
    assert "\x1b" not in out


def test_window(saved: Path, capsys: Captured) -> None:
    assert main(["report", str(saved), "--json", "--window", "100ns:200ns"]) == 0
    (device,) = json.loads(capsys.readouterr().out)["devices"]
    assert device["engines"]["SM"]["busy_ns"] == 100
    assert device["hidden_copy_ratio"] == 1.0


def test_a_zip_is_read_too(saved: Path, capsys: Captured) -> None:
    packed = shutil.make_archive(str(saved), "zip", saved)
    assert main(["report", packed, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["trace"] == packed


def test_an_empty_trace_has_no_devices(tmp_path: Path, capsys: Captured) -> None:
    empty = Trace.from_tables(Meta("cupti"), {}).save(tmp_path / "empty")
    assert main(["report", str(empty), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["devices"] == []
    assert main(["report", str(empty)]) == 0


def test_no_trace_is_one_line(tmp_path: Path, capsys: Captured) -> None:
    assert main(["report", str(tmp_path / "nothing")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("timeline: error: ")
    assert "nothing" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("keep", [0, 10, -8])
def test_a_truncated_trace_is_one_line(keep: int, saved: Path, capsys: Captured) -> None:
    (part,) = (saved / "activities").iterdir()
    part.write_bytes(part.read_bytes()[:keep])
    assert main(["report", str(saved)]) == 2
    err = capsys.readouterr().err
    assert part.name in err
    assert err.count("\n") == 1


def test_a_missing_part_is_one_line(saved: Path, capsys: Captured) -> None:
    shutil.rmtree(saved / "activities")
    assert main(["report", str(saved)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_as_hta(capsys: Captured) -> None:
    place = Path(__file__).parents[1] / "data" / "kineto" / "nccl_data.json.gz"
    assert main(["report", str(place), "--as", "hta", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["rank"], found["idle_time(us)"], found["comp_comm_overlap_pctg"]) == (
        0,
        338781,
        14.31,
    )
    assert main(["report", str(place), "--as", "hta"]) == 0
    out = capsys.readouterr().out
    assert "338,781" in out
    assert "after the last ProfilerStep" in out


def test_ranks_as_hta_are_rows_of_one_table(capsys: Captured) -> None:
    pattern = Path(__file__).parents[1] / "data" / "kineto" / "sampled_rank-*.json.gz"
    assert main(["report", str(pattern), "--as", "hta", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(row["rank"], row["compute_time(us)"]) for row in found] == [(0, 106252), (1, 135548)]


def test_groups_and_communication_that_the_user_names(saved: Path, capsys: Captured) -> None:
    chosen = ["--communication", "*scale*", "--group", "in=HtoD", "--group", "out=*scale"]
    assert main(["report", str(saved), "--json", *chosen]) == 0
    (device,) = json.loads(capsys.readouterr().out)["devices"]
    assert device["communication"]["communication_ns"] == 300
    assert device["breakdown"]["exposed_communication_ns"] == 300
    assert [group["busy_ns"] for group in device["groups"]] == [200, 300]
    assert device["group_overlaps"] == [{"groups": ["in", "out"], "overlap_ns": 100, "ratio": 0.5}]
    assert main(["report", str(saved), *chosen]) == 0
    assert "in ∩ out" in capsys.readouterr().out


@pytest.mark.parametrize(
    "options",
    [["--group", "no-pattern"], ["--group", "=x"], ["--as", "hta", "--window", "0ns:1us"]],
)
def test_wrong_choices_are_one_line(options: list[str], saved: Path, capsys: Captured) -> None:
    assert main(["report", str(saved), *options]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_html_is_one_file_with_escaped_names(saved: Path, tmp_path: Path, capsys: Captured) -> None:
    pytest.importorskip("plotly")
    out = tmp_path / "report.html"
    assert main(["report", str(saved), "--html", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    page = out.read_text()
    assert "400 ns" in page
    assert "\x1b" not in page
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=", page)
    assert main(["report", str(saved), "--html", str(out)]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert main(["report", str(saved), "--html", str(out), "--overwrite", "--theme", "dark"]) == 0


def test_html_of_a_window(saved: Path, tmp_path: Path) -> None:
    pytest.importorskip("plotly")
    out = tmp_path / "report.html"
    assert main(["report", str(saved), "--html", str(out), "--window", "100ns:200ns"]) == 0
    assert "100 ns" in out.read_text()


@pytest.mark.parametrize("arguments", [["--html", "x.txt"], ["--html", "x.html", "--json"]])
def test_html_that_can_not_be_written(saved: Path, arguments: list[str], capsys: Captured) -> None:
    assert main(["report", str(saved), *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1
