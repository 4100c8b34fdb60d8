import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from timeline.errors import MissingExtraError, TraceError, UsageError
from timeline.techniques import Parameter
from timeline.trace import Device, Meta
from timeline.ui import launch as launch_function
from timeline.ui import sources
from timeline.ui.headlines import as_html, headlines
from timeline.ui.inside_rows import block_rows, role_rows
from timeline.ui.launch import command, free_port
from timeline.ui.literal import literal
from timeline.ui.measures import (
    activity_rows,
    barrier_rows,
    engine_rows,
    host_wait_rows,
    overlap_rows,
    pdl_rows,
)
from timeline.ui.options import OPTIONS, flags
from timeline.ui.provenance import facts, head, warnings

ROOT = Path(__file__).resolve().parents[2]
NOTHING: dict[str, Any] = {"busy_ns": 0, "busy_ratio": 0.0, "activities": 0}
WAIT = {
    "waiting": {"name": "a\u202eb", "stream": 3},
    "waited_for": {"name": "slow", "stream": 1},
    "start_ns": 10,
    "waited_ns": 400,
}
DEVICE: dict[str, Any] = {
    "device": 0,
    "makespan_ns": 240_000,
    "bound_ns": 150_000,
    "pipeline_efficiency": 0.625,
    "overlap_efficiency": 0.9,
    "hidden_copy_ratio": None,
    "copy_ns": 100_000,
    "exposed_copy_ns": 12_345,
    "engines": {
        "SM": {"busy_ns": 120_000, "busy_ratio": 0.5, "activities": 3},
        "H2D": {"busy_ns": 100_000, "busy_ratio": 0.4, "activities": 1},
        "D2H": NOTHING,
    },
    "overlaps": [
        {"engines": ["H2D", "SM"], "overlap_ns": 5, "ratio": 0.1},
        {"engines": ["D2H", "SM"], "overlap_ns": 0, "ratio": None},
    ],
    "activities": [
        {"name": "copy", "engine": "H2D", "count": 1, "total_ns": 100, "mean_ns": 100.0}
        | {"min_ns": 100, "max_ns": 100, "bytes": 5_000}
    ],
    "barriers": {"waits": 1, "blocked_ns": 400, "longest": [WAIT]},
    "host_waits": [
        {"kind": "free", "calls": 2, "blocked_ns": 9, "idle_ns": 1, "outstanding_ns": 7}
    ],
    "launch_gaps": {"median_ns": -1_650.0},
    "pdl": {"pairs": 4, "overlapping": 3, "gap_ns": -1_650.0, "overlap_ns": 1_650.0}
    | {"epilogue_overlap": 0.99, "prologue_overlap": None, "wait_after_end_ns": 416.0},
}


def test_the_command_line_of_the_server() -> None:
    found = command([Path("/traces/a b")], 8600, browser=False)
    assert found[1:4] == ["-m", "streamlit", "run"]
    assert Path(found[4]).is_file()
    assert found[found.index("--") + 1 :] == ["/traces/a b"]
    for flag in ("address=127.0.0.1", "port=8600", "headless=true", "showEmailPrompt=false"):
        assert f"--server.{flag}" in found
    assert "--browser.gatherUsageStats=false" in found


def test_config_of_a_checkout_says_the_same() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    theme = config.pop("theme")
    light, dark = theme.pop("light"), theme.pop("dark")
    config["theme.light.sidebar"] = light.pop("sidebar")
    config["theme.dark.sidebar"] = dark.pop("sidebar")
    config |= {"theme": theme, "theme.light": light, "theme.dark": dark}
    assert config == {section: dict(values) for section, values in OPTIONS.items()}


def test_streamlit_knows_every_flag() -> None:
    cli = pytest.importorskip("streamlit.web.cli")
    known = {option for p in cli.main_run.params for option in p.opts}
    assert {flag.partition("=")[0] for flag in flags()} <= known


def test_starting_the_command_line_imports_no_streamlit() -> None:
    code = "import sys, timeline.ui.launch; sys.exit('streamlit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0


def test_a_missing_trace_is_refused_before_the_server_starts(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="no such trace"):
        launch_function([tmp_path / "nothing"])


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"cuda-timeline\[app\]"):
        launch_function([])


def test_a_port_in_use_is_refused() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} is in use"):
            launch_function([], port=port)
        assert free_port() != port


def test_traces_are_found_below_folders(tmp_path: Path) -> None:
    for name in ("pdl/plain", "pdl/pdl", "a/b/c/too_deep/x", "not/a trace"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("pdl/plain", "pdl/pdl", "a/b/c/too_deep/x"):
        (tmp_path / name / "meta.json").write_text("{}")
    (tmp_path / "upload.zip").write_bytes(b"PK")
    labels = [found.label for found in sources.find([tmp_path])]
    assert labels == ["pdl/pdl", "pdl/plain", "upload"]
    one = sources.find([tmp_path / "pdl" / "pdl"])
    assert [(f.label, f.path) for f in one] == [("pdl", tmp_path / "pdl" / "pdl")]
    assert sources.find([tmp_path / "pdl", tmp_path / "pdl" / "pdl"])[0].label == "pdl"
    assert sources.find([tmp_path / "missing"]) == []


def test_a_changed_trace_has_another_version(tmp_path: Path) -> None:
    (tmp_path / "meta.json").write_text("{}")
    before = sources.version(tmp_path)
    (tmp_path / "meta.json").write_text("{ }")
    assert sources.version(tmp_path) != before


@pytest.mark.parametrize(
    "words",
    ["**bold** _x_ `y`", "![](http://host/x.png)", "[a](b)", ":red[x] $x^2$", "<b>", "a\u202eb"],
)
def test_markdown_is_escaped(words: str) -> None:
    from string import punctuation

    found = literal(words)
    bare = found.replace("\\", "")
    assert bare == words.replace("\\", "").replace("\u202e", "�")
    for at, char in enumerate(found):
        if char in punctuation and char != "\\":
            assert found[at - 1] == "\\"


def test_facts_say_where_the_times_come_from() -> None:
    meta = Meta(
        "sim",
        devices=(Device(0, "NVIDIA H200", "9.0"),),
        labels={"technique": "pdl", "variant": "pdl", "blocks": 128},
        repeats=((0, 1), (1, 2)),
        paced="gated",
        dropped=12,
        verified=4,
        provenance={"driver": "580.159", "secret": "x"},
        notes=("One sentence.",),
    )
    found = {fact.label: fact.value for fact in facts(meta)}
    assert found == {
        "times": "simulated",
        "GPU 0": "NVIDIA H200 (sm_90)",
        "technique": "pdl",
        "variant": "pdl",
        "with": "blocks = 128",
        "driver": "580.159",
        "pacing": "streams held until everything was enqueued",
        "repeats": "2",
        "verified": "4 known answers",
    }
    assert warnings(meta)[0].startswith("12 records were dropped")
    assert warnings(meta)[1] == "One sentence."


def test_facts_are_escaped() -> None:
    meta = Meta("<i>x</i>", labels={"<b>": "<script>1</script>"})
    assert "<script>" not in head(meta)
    assert "&lt;i&gt;x" in head(meta)


def test_headlines_and_their_change() -> None:
    baseline = {**DEVICE, "makespan_ns": 480_000, "pipeline_efficiency": 0.3}
    baseline |= {"launch_gaps": {"median_ns": 1_650.0}, "pdl": None}
    found = {h.label: h for h in headlines(DEVICE, baseline)}
    assert found["Makespan"].value == "240.0 µs"
    assert (found["Makespan"].change, found["Makespan"].better) == ("−50.0%", True)
    assert "240,000 ns" in found["Makespan"].explanation
    assert (found["Efficiency"].value, found["Efficiency"].change) == ("62.5%", "+32.5 pp")
    assert found["Hidden copies"].value == "–"
    assert found["Exposed copies"].change == ""
    gap = found["Launch gap"]
    assert (gap.value, gap.change, gap.better) == ("−1.650 µs", "from 1.650 µs", True)
    assert found["Held"].value == "400 ns"
    assert found["Epilogue overlap"].value == "99.0%"
    assert all(h.change == "" for h in headlines(DEVICE))
    assert as_html(list(found.values())).count('class="figure"') == len(found)


def test_headlines_leave_out_what_a_trace_says_nothing_of() -> None:
    plain = {**DEVICE, "copy_ns": 10, "barriers": None, "pdl": None}
    assert [h.label for h in headlines(plain)] == ["Makespan", "Bound", "Efficiency"]
    assert "Held" in [h.label for h in headlines(plain, DEVICE)]


def test_tables_hold_the_report() -> None:
    assert engine_rows(DEVICE) == [
        {"engine": "SM", "busy": 0.5, "busy ns": 120_000, "activities": 3},
        {"engine": "H2D", "busy": 0.4, "busy ns": 100_000, "activities": 1},
    ]
    assert overlap_rows(DEVICE) == [{"engines": "H2D ∩ SM", "ratio": 0.1, "overlap ns": 5}]
    assert activity_rows(DEVICE)[0]["GB/s"] == 50.0
    assert barrier_rows(DEVICE) == [
        {"waited": "a�b, stream 3", "for": "slow, stream 1", "waited ns": 400, "from ns": 10}
    ]
    assert host_wait_rows(DEVICE)[0]["call"] == "cudaFree"
    assert [row["value"] for row in pdl_rows(DEVICE)] == [
        *("3 of 4", "-1,650", "1,650", "99.0%", "416")
    ]


def test_tables_of_the_inside_of_kernels() -> None:
    blocks = {"launches": 2, "blocks": 8, "sms": 4, "most": 2, "median": 1.0, "imbalance": 0.125}
    roles = [
        {"role": "loader", "spans": 16, "mean_ns": 10.4, "share": 0.5},
        {"role": "compute", "spans": 16, "mean_ns": 20.0, "share": 0.75},
    ]
    pairs = [{"roles": ["loader", "compute"], "ratio": 0.6}]
    piped = {**blocks, "kernel": "a\u202eb", "roles": roles, "role_overlaps": pairs}
    every: dict[str, Any] = {**blocks, "kernel": None, "roles": [], "role_overlaps": []}
    device = {**DEVICE, "inside_kernels": [piped, every]}
    assert [row["kernel"] for row in block_rows(device)] == ["a�b", "all kernels"]
    assert block_rows(device)[0]["imbalance"] == "12.5%"
    assert [row["beside others"] for row in role_rows(device)] == ["compute 60%", "loader 60%"]


def test_tables_without_rows() -> None:
    lists = ("inside_kernels", "host_waits", "activities")
    plain = {**DEVICE, "barriers": None, "pdl": None, **{name: [] for name in lists}}
    for rows in (barrier_rows, pdl_rows, host_wait_rows, activity_rows, block_rows, role_rows):
        assert rows(plain) == []


@pytest.mark.parametrize(
    ("parameter", "kind"),
    [
        (Parameter("a", True, ""), "toggle"),
        (Parameter("a", "x", "", choices=("x", "y")), "choice"),
        (Parameter("a", "x", ""), "text"),
        (Parameter("a", 3, "", 1, 64), "slider"),
        (Parameter("a", 0.5, "", 0.0, 1.0), "slider"),
        (Parameter("a", 4, ""), "number"),
        (Parameter("a", 1000, "", 1, 1_000_000), "number"),
        (Parameter("a", 1 << 20, "", 1 << 10, 1 << 28), "doubling"),
    ],
)
def test_a_widget_suits_its_parameter(parameter: Parameter, kind: str) -> None:
    from timeline.ui.controls import control

    assert control(parameter) == kind


def test_doublings_stay_within_the_limits() -> None:
    from timeline.ui.controls import doublings

    assert doublings(Parameter("a", 8, "", 3, 33)) == [4, 8, 16, 32]


def test_units_in_labels() -> None:
    from timeline.ui.controls import _label

    names = ("total_mib", "slow_us", "sync_every", "us", "half_gib")
    assert [_label(name) for name in names] == [
        *("total, MiB", "slow, µs", "sync every", "us", "half, GiB")
    ]
