"""Completion: the words by command, and in the shells that this machine has."""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from timeline.cli import main
from timeline.cli.completing import WORDS
from timeline.cli.entry import COMMANDS, build_parser
from timeline.findings import DETECTORS
from timeline.techniques import NAMES, technique
from timeline.whatif import FIXES

pytest.importorskip("argcomplete")

ROOT = Path(__file__).resolve().parents[2]

LINES = {
    "timeline rep": {"report"},
    "timeline report --win": {"--window"},
    "timeline run thr": {"three_way_overlap"},
    "timeline run pdl --variant pd": {"pdl"},
    "timeline whatif x --apply pin_copies,cap": {"pin_copies,capture_graph"},
    "timeline findings x --code missed": {"missed-pdl"},
    "timeline export x --format per": {"perfetto"},
    "timeline doctor --need simulate,rec": {"simulate,record"},
    "timeline help win": {"windows"},
}
"""What a shell makes of a line when its user presses the tabulator, where one word fits."""


def words(line: str) -> set[str]:
    """What the command answers to the shell that asks about a line."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    command = f"{shlex.quote(sys.executable)} -m timeline 8>&1 9>&2 1>/dev/null"
    done = subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return {word.strip() for word in done.stdout.split("\n")}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("timeline run ", set(NAMES)),
        ("timeline run pdl --variant ", {"all", *(v.name for v in technique("pdl").variants)}),
        ("timeline run pdl --set ", {f"{p.name}=" for p in technique("pdl").parameters}),
        ("timeline whatif x --apply ", set(FIXES)),
        ("timeline whatif x --apply chunk,", {f"chunk,{n}" for n in FIXES if n != "chunk"}),
        ("timeline findings x --code ", {detector.code for detector in DETECTORS}),
        ("timeline run nothing --variant ", set[str]()),
        ("timeline gantt x --title ", set[str]()),
    ],
)
def test_words(line: str, expected: set[str]) -> None:
    assert {word for word in words(line) if word and not word.startswith("-")} == expected


def test_traces_are_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.trace").mkdir()
    monkeypatch.chdir(tmp_path)
    for command in ("report", "findings", "gantt"):
        assert words(f"timeline {command} ") & {"a.trace/"}


def test_words_are_of_arguments_that_exist() -> None:
    parser = build_parser({command.name: command for command in COMMANDS})
    (group,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    dests = {
        (name, action.dest) for name, inner in group.choices.items() for action in inner._actions
    }
    known = dests | {("", dest) for _, dest in dests}
    assert set(WORDS) <= known


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    command = tmp_path / "timeline"
    command.write_text(
        f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {sys.executable} -m timeline "$@"\n'
    )
    command.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    first, each = SHELLS[shell]
    script = "\n".join((first, *(each.format(shlex.quote(line)) + "; echo =" for line in LINES)))
    (tmp_path / "script").write_text(script)
    flag = {"bash": "--norc", "zsh": "-f", "fish": "--no-config"}[shell]
    done = subprocess.run(
        [shell, flag, str(tmp_path / "script")],
        env=environment, capture_output=True, text=True, check=False, timeout=250,
    )  # fmt: skip
    answers = [set(part.split()) for part in done.stdout.split("=\n")]
    told = dict(zip(LINES, answers, strict=False))
    assert {line: told[line] & expected for line, expected in LINES.items()} == LINES, done.stderr


SHELLS = {
    "bash": (
        'eval "$(timeline completion bash)"; COMP_TYPE=9',
        "COMP_LINE={}; COMP_POINT=${{#COMP_LINE}}; COMPREPLY=(); _python_argcomplete timeline; "
        "printf '%s\\n' \"${{COMPREPLY[@]}}\"",
    ),
    "zsh": (
        'autoload -U compinit; compinit -u -D; eval "$(timeline completion zsh)"; '
        "_describe() {{ print -l -- ${{completions%%:*}} }}".format(),
        "BUFFER={}; CURSOR=${{#BUFFER}}; words=(${{(z)BUFFER}}); _python_argcomplete",
    ),
    "fish": ("timeline completion fish | source", "complete --do-complete {}"),
}
"""How each is set up, and how it is made to complete a line: bash and zsh by calling the function
that they were told of, with what shows zsh's words replaced by what prints them."""


def test_without_argcomplete_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "argcomplete", None)
    assert main(["completion", "bash"]) == 3
    assert "pip install 'cuda-timeline[completion]'" in capsys.readouterr().err
