"""Tables, JSON and the progress bar."""

import json

import pytest

from timeline.cli.output import console, print_json, print_table
from timeline.cli.progress import progress

Captured = pytest.CaptureFixture[str]


def test_a_table_in_a_pipe_is_plain_and_keeps_long_cells(capsys: Captured) -> None:
    print_table(("name", "ns"), [("k" * 120, "12")], numbers_from=1)
    out = capsys.readouterr().out
    assert "k" * 120 in out
    assert "\x1b" not in out


def test_names_can_not_drive_the_terminal(capsys: Captured) -> None:
    print_table(("name",), [("\x1b[2Jkernel\r\x07",), ("[red]no markup[/red]",)])
    out = capsys.readouterr().out
    assert "\ufffd[2Jkernel\ufffd\ufffd" in out
    assert "[red]no markup[/red]" in out


@pytest.mark.parametrize("no_color", [False, True])
def test_no_color(no_color: bool, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    console().print("late", style="red")
    assert ("\x1b[31m" in capsys.readouterr().out) is not no_color


def test_json_holds_no_nan(capsys: Captured) -> None:
    print_json({"name": "µ", "ratio": None})
    assert json.loads(capsys.readouterr().out) == {"name": "µ", "ratio": None}
    with pytest.raises(ValueError, match="JSON compliant"):
        print_json({"ratio": float("nan")})


def test_progress_is_silent_in_a_pipe(capsys: Captured) -> None:
    with progress(2) as begin:
        begin("one")
        begin("two")
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_progress_shows_what_runs_on_a_terminal(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with progress(2) as begin:
        begin("pdl baseline")
    captured = capsys.readouterr()
    assert "pdl baseline" in captured.err
    assert captured.out == ""
