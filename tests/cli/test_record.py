"""``timeline record``: what goes to the recorder."""

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

from timeline.cli import main

Call = tuple[list[str], Path, bool, bool]


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """Calls of the recorder, which does nothing and ends with 7, as the script would."""
    calls: list[Call] = []

    def run_script(
        argv: Sequence[str], out: Path, *, module: bool = False, overwrite: bool = False
    ) -> int:
        calls.append((list(argv), out, module, overwrite))
        return 7

    stand_in = ModuleType("timeline.record")
    stand_in.run_script = run_script  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "timeline.record", stand_in)
    return calls


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["train.py"], (["train.py"], Path("train.trace"), False, False)),
        (["a/b.py", "-o", "x"], (["a/b.py", "-o", "x"], Path("b.trace"), False, False)),
        (["-o", "t", "b.py", "--lr", "1"], (["b.py", "--lr", "1"], Path("t"), False, False)),
        (["--overwrite", "b.py", "-m", "x"], (["b.py", "-m", "x"], Path("b.trace"), False, True)),
        (
            ["-m", "pkg.mod", "--x", "-o"],
            (["pkg.mod", "--x", "-o"], Path("mod.trace"), True, False),
        ),
        (
            ["-m", "mod", "a", "--", "-b"],
            (["mod", "a", "--", "-b"], Path("mod.trace"), True, False),
        ),
        (["b.py", "--", "c"], (["b.py", "--", "c"], Path("b.trace"), False, False)),
        (["--", "b.py", "-h"], (["b.py", "-h"], Path("b.trace"), False, False)),
        (["b.py", "--help"], (["b.py", "--help"], Path("b.trace"), False, False)),
    ],
)
def test_the_script_gets_its_own_arguments(
    argv: list[str], expected: Call, recorded: list[Call]
) -> None:
    assert main(["record", *argv]) == 7
    assert recorded == [expected]


@pytest.mark.parametrize("argv", [[], ["-m"], ["-o", "out"], ["--"]])
def test_nothing_to_record_is_wrong_usage(
    argv: list[str], recorded: list[Call], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["record", *argv]) == 2
    assert "record needs a script or -m MODULE" in capsys.readouterr().err
    assert recorded == []
