"""``timeline record``: what goes to the recorder."""

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

from timeline.cli import main
from timeline.recording.keeping import Keeping

Call = tuple[list[str], Path, bool, bool]


@pytest.fixture
def kept() -> list[Keeping]:
    """How the recorder was to keep what it records."""
    return []


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch, kept: list[Keeping]) -> list[Call]:
    """Calls of the recorder, which does nothing and ends with 7, as the script would."""
    calls: list[Call] = []

    def run_script(
        argv: Sequence[str],
        out: Path,
        *,
        module: bool,
        overwrite: bool,
        keeping: Keeping,
        children: bool,
    ) -> int:
        assert children
        kept.append(keeping)
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


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], (5.0, None)),
        (["--max-size", "500MB"], (5.0, 500_000_000)),
        (["--max-size", "2GiB", "--every", "0.5"], (0.5, 2 << 30)),
        (["--max-size", "1.5m"], (5.0, 1_500_000)),
    ],
)
def test_how_it_is_kept(
    options: list[str],
    expected: tuple[float, int | None],
    recorded: list[Call],
    kept: list[Keeping],
) -> None:
    assert main(["record", *options, "b.py"]) == 7
    assert [(one.every_s, one.max_bytes) for one in kept] == [expected]
    assert recorded


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--max-size", "much"], "'much' is no size; write one like 500MB or 2GiB"),
        (["--max-size", "10k"], "too small; give at least 100kB"),
        (["--every", "0"], "must be more than 0"),
        (["--every", "nan"], "must be more than 0"),
    ],
)
def test_what_can_t_be_kept_so_is_wrong_usage(
    options: list[str], message: str, recorded: list[Call], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["record", *options, "b.py"]) == 2
    assert message in capsys.readouterr().err
    assert recorded == []
