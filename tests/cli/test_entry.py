"""From arguments to exit codes and messages."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from timeline import __version__
from timeline.cli import main
from timeline.cli.entry import COMMANDS
from timeline.cli.techniques import Techniques
from timeline.errors import NoGpuError, TimelineError, TraceError, UsageError, VerificationError

HEAVY = ("numpy", "pyarrow", "rich", "plotly", "streamlit", "cupy", "cuda", "nvtx")
PIPE = subprocess.PIPE

Failing = Callable[[BaseException], None]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Failing:
    """Make ``timeline techniques`` end with an exception."""

    def fail_with(error: BaseException) -> None:
        def run(self: Techniques, args: object) -> int:
            raise error

        monkeypatch.setattr(Techniques, "run", run)

    return fail_with


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    out = capsys.readouterr().out
    assert all(f"    {command.name}" in out for command in COMMANDS)


@pytest.mark.parametrize("command", [c.name for c in COMMANDS])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert f"usage: timeline {command}" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"timeline {__version__}\n"


def test_nothing_prints_help_and_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage: timeline" in capsys.readouterr().err


def test_an_unknown_command_is_answered_with_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["reprot", "x"]) == 2
    expected = "timeline: error: no command named 'reprot'; did you mean 'report'?\n"
    assert capsys.readouterr().err == expected


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["report"], "required: TRACE; see: timeline report --help"),
        (["run", "x", "--backend", "rocm"], "invalid choice: 'rocm'"),
        (["run", "x", "--repeat", "0"], "--repeat: 0 is less than 1"),
        (["run", "x", "--repeat", "many"], "--repeat: 'many' is no whole number"),
        (["run", "x", "--warmup", "-1"], "--warmup"),
        (["--fast"], "see: timeline --help"),
        (["app", "--port", "0"], "--port 0: must be from 1 to 65535"),
    ],
)
def test_wrong_usage_is_one_line(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    err = capsys.readouterr().err
    assert err.startswith("timeline: error: ")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TimelineError("x"), 2),
        (UsageError("x"), 2),
        (TraceError("x"), 2),
        (VerificationError("x"), 1),
        (NoGpuError("x"), 3),
    ],
)
def test_errors_of_the_family_are_one_line(
    error: TimelineError, code: int, failing: Failing, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(error)
    assert main(["techniques"]) == code
    assert capsys.readouterr().err == "timeline: error: x\n"


def test_a_message_over_several_lines_becomes_one(
    failing: Failing, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(UsageError("first\n  second"))
    main(["techniques"])
    assert capsys.readouterr().err == "timeline: error: first second\n"


def test_what_the_system_refuses_is_one_line(
    failing: Failing, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(PermissionError(13, "Permission denied", "somewhere"))
    assert main(["techniques"]) == 2
    assert capsys.readouterr().err == "timeline: error: somewhere: Permission denied\n"


def test_too_little_memory_is_the_machines_lack(
    failing: Failing, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(MemoryError())
    assert main(["techniques"]) == 3
    assert "memory" in capsys.readouterr().err


def test_a_bug_keeps_its_traceback(failing: Failing) -> None:
    failing(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        main(["techniques"])


def test_interrupt(failing: Failing) -> None:
    failing(KeyboardInterrupt())
    assert main(["techniques"]) == 130


def test_a_closed_pipe_is_quiet() -> None:
    """The reader is gone before the first byte, as ``| head`` is when it has seen enough."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "timeline", "techniques", "--json"]
    done = subprocess.run(command, stdout=writer, stderr=PIPE, text=True, check=False)
    os.close(writer)
    assert done.stderr == ""
    assert done.returncode == 141


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, timeline.cli\n"
        "try: timeline.cli.main(['--help'])\n"
        f"except SystemExit: print('heavy:', *(m for m in {HEAVY!r} if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "heavy:"
