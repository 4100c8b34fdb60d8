"""Hostile names on a real terminal: they stay text, whatever command shows them."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyte
import pytest

from timeline.cli import main
from timeline.trace import Trace

COLUMNS, LINES = 160, 60
ALLOWED = re.compile(rb"\x1b\[[0-9;]*m|\x1b\[\?25[lh]|\x1b\[[12]?[AK]|\r|\n|\t")
"""What rich itself writes: colours, the cursor while a bar is shown, a line's end."""

RUN = """
import json, sys
from timeline.cli import main
for arguments in json.loads(sys.argv[1]):
    print("====", flush=True)
    code = main(arguments)
    print("---- exit", code, flush=True)
"""


class Watched(pyte.Screen):  # type: ignore[misc]
    """A screen that keeps what its program asked the terminal for."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, LINES)
        self.asked: list[str] = []
        self.lines_shown: list[str] = []

    def index(self) -> None:
        line = self.buffer[self.cursor.y]
        self.lines_shown.append("".join(line[x].data for x in range(COLUMNS)))
        super().index()

    def set_title(self, param: str) -> None:
        self.asked.append(f"title {param}")

    def set_icon_name(self, param: str) -> None:
        self.asked.append(f"icon {param}")

    def bell(self, *args: object) -> None:
        self.asked.append("bell")

    def write_process_input(self, data: str) -> None:
        self.asked.append(f"answer {data!r}")

    def erase_in_display(self, how: int = 0, *args: object, **more: object) -> None:
        self.asked.append("erase display")

    def define_charset(self, code: str, mode: str) -> None:
        self.asked.append("charset")


def shown(arguments: list[list[str]], folder: Path) -> bytes:
    """All that commands write to a terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    command = [sys.executable, "-c", RUN, json.dumps(arguments)]
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=environment
    )
    os.close(theirs)
    found = b"".join(pieces(ours))
    assert process.wait(60) == 0
    os.close(ours)
    return found


def pieces(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            piece = os.read(terminal, 1 << 16)
        except OSError:  # Linux's answer when the other side is closed
            return
        if not piece:
            return
        yield piece


def hostile_commands(trace: str) -> list[list[str]]:
    lost = ["--range", "<svg*", "--threshold", "pipeline_efficiency >= 2"]
    failing = ["check", trace, "--baseline", "b.json", *lost]
    return [
        ["report", trace],
        ["report", trace, "--json"],
        ["findings", trace],
        ["whatif", trace, "--apply", "split_streams:2", "-o", "predicted"],
        ["query", trace, "SELECT DISTINCT name FROM kernels", "--rows", "300"],
        ["query", trace, "SELECT DISTINCT name FROM ranges", "--csv"],
        ["baseline", trace, "-o", "b.json", "--range", "<svg*"],
        *([*failing, "--format", form] for form in ("text", "github", "markdown", "junit")),
        ["compare", trace, "predicted"],
        ["report", trace, "predicted"],
        ["gantt", trace, "-o", f"{trace}.svg"],
        ["export", trace, "-o", f"{trace}.json"],
        ["import", f"{trace}.json", "-o", "imported"],
        ["import", "bad\x1b]0;x\x07[red].json", "-o", "other"],
        ["report", "absent\x1b]52;c;eA==\x07\u202e[/red]"],
        ["\x1b[31mcommand"],
    ]


@pytest.fixture(scope="module")
def output(
    hostile_names: dict[str, list[str]],
    named_trace: Callable[[list[str]], Trace],
    tmp_path_factory: pytest.TempPathFactory,
) -> bytes:
    folder = tmp_path_factory.mktemp("terminal")
    name = "trace\x1b]0;t\x07[bold]:smile:[red]\u202e"
    kinds = [*hostile_names["terminal"], *hostile_names["text"], *hostile_names["xss"][::4]]
    named_trace(kinds).save(folder / name)
    (folder / "bad\x1b]0;x\x07[red].json").write_text('{"traceEvents": [{"ph": "X"')
    return shown(hostile_commands(name), folder)


def test_nothing_of_a_name_reaches_the_terminal_as_a_command(output: bytes) -> None:
    rest = ALLOWED.sub(b"", output).decode()
    strange = {char for char in rest if not char.isprintable()}
    assert not strange
    assert b"Traceback" not in output


def test_every_command_came_to_its_end(output: bytes) -> None:
    codes = re.findall(rb"---- exit (\d+)", output)
    assert len(codes) == len(hostile_commands(""))
    assert set(codes[:-3]) <= {b"0", b"1"}, output[-3000:]
    assert codes[-3:] == [b"2", b"2", b"2"]


def test_the_screen_shows_text_and_keeps_its_title(output: bytes) -> None:
    screen = Watched()
    pyte.ByteStream(screen).feed(output)
    assert screen.asked == []
    assert screen.title == ""
    text = "\n".join(screen.lines_shown)
    assert "<script>hacked()</script>" in text
    assert "\N{REPLACEMENT CHARACTER}]0;title\N{REPLACEMENT CHARACTER}" in text


def test_a_name_of_a_million_characters_does_not_fill_the_screen(
    named_trace: Callable[[list[str]], Trace], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named_trace(["n" * 1_000_000, "k" * 1_000_000]).save(tmp_path / "t")
    for command in (["report"], ["findings"], ["compare", str(tmp_path / "t")]):
        assert main([*command, str(tmp_path / "t")]) == 0
        assert len(capsys.readouterr().out) < 20_000, command
