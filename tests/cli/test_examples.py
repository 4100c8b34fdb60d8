"""Every example that the help gives works as it is printed."""

import gzip
import importlib
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from timeline.backends import why_not_cuda
from timeline.cli import main
from timeline.cli.entry import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
KINETO = ROOT / "tests" / "data" / "kineto"

EXAMPLES = [(command.name, line) for command in COMMANDS for _, line in command.manual.examples]
SHELL = set("<>$")
"""What only a shell understands."""

PACKAGES = {"app": "streamlit", "query": "duckdb", "completion": "argcomplete"}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the examples name."""
    folder = tmp_path_factory.mktemp("examples")
    shutil.copytree(SAMPLES / "scripts" / "record_torch", folder / "train.trace")
    for name, variant in (("before", "pageable"), ("after", "pinned")):
        shutil.copytree(SAMPLES / "pinned_vs_pageable" / variant, folder / f"{name}.trace")
    for made in ("ranks", "others"):
        (folder / made).mkdir()
    for rank in range(2):
        shutil.copy(
            KINETO / f"sampled_rank-{rank}.json.gz", folder / "ranks" / f"rank{rank}.json.gz"
        )
    kineto = gzip.decompress((KINETO / "event_sync_multi_stream.json.gz").read_bytes())
    for place in (folder / "others", folder):
        (place / "kineto.json").write_bytes(kineto)
    (folder / "question.sql").write_text("SELECT count(*) FROM kernels")
    (folder / "train.py").write_text("import sys\nassert sys.argv[1:] in ([], ['--epochs', '1'])\n")
    baseline = ["baseline", str(folder / "train.trace"), "-o", str(folder / "overlap.json")]
    assert main([*baseline, "--name", "train"]) == 0
    return folder


@pytest.fixture
def place(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it to work in."""
    folder = tmp_path / "place"
    shutil.copytree(prepared, folder)
    (folder / "recordings").symlink_to(SAMPLES)
    (folder / "runs").mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(("name", "line"), EXAMPLES, ids=[line for _, line in EXAMPLES])
def test_an_example_works(
    name: str, line: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name in PACKAGES:
        pytest.importorskip(PACKAGES[name])
    if line.endswith(".html"):
        pytest.importorskip("plotly")
    if name == "demo":
        monkeypatch.setattr("timeline.techniques.NAMES", ("pdl",))
    if name == "app":
        short = [sys.executable, "-c", "pass"]
        launch = importlib.import_module("timeline.ui.launch")
        monkeypatch.setattr(launch, "command", lambda *_, **__: short)
    if name == "baseline":
        (place / "overlap.json").unlink()
    if name == "record":
        shutil.rmtree(place / "train.trace")
    lacking = name == "record" and why_not_cuda()
    assert run(line) == (3 if lacking else 0)


def run(line: str) -> int:
    """The exit code of a line, in this process where no shell is needed."""
    if SHELL & set(line):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PY": sys.executable}
        script = f'timeline() {{ "$PY" -m timeline "$@"; }}; {line}'
        return subprocess.run(["bash", "-c", script], env=environment, check=False).returncode
    words = shlex.split(line)
    assert words[0] == "timeline"
    try:
        return main(words[1:])
    except SystemExit as end:  # of the help
        return int(end.code or 0)


def test_every_command_has_examples_and_names_what_is_related() -> None:
    names = {command.name for command in COMMANDS}
    for command in COMMANDS:
        assert command.manual.description.endswith(".")
        assert command.manual.examples
        assert all(f"timeline {command.name}" in line for _, line in command.manual.examples)
        for one in command.manual.see_also:
            words = one.split()
            if words[0] == "timeline":
                assert words[1] in names or words[1] == "--help"
            else:
                assert (ROOT / one).exists()


def test_help_shows_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["check", "--help"])
    out = capsys.readouterr().out
    order = ["usage:", "Measures traces", "examples:", "exit codes:", "see also:"]
    places = [out.index(part) for part in order]
    assert places == sorted(places)
    assert "  1    a trace lost something" in out
    assert all(len(line) <= 80 for line in out.splitlines() if not line.startswith("  timeline"))


@pytest.mark.parametrize("command", [c.name for c in COMMANDS if c.name != "help"])
def test_help_of_a_command_is_its_own_help(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(f"timeline help {command}") == 0
    by_topic = capsys.readouterr().out
    assert run(f"timeline {command} --help") == 0
    assert capsys.readouterr().out == by_topic


def test_topics_are_told_and_unknown_ones_refused(capsys: pytest.CaptureFixture[str]) -> None:
    topics = importlib.import_module("timeline.cli.topics").TOPICS
    for name, text in topics.items():
        assert main(["help", name]) == 0
        assert capsys.readouterr().out == text + "\n"
        assert max(map(len, text.splitlines())) <= 100
    assert main(["help", "window"]) == 2
    assert "did you mean 'windows'?" in capsys.readouterr().err
