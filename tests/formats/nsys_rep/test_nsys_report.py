"""Reports of Nsight Systems, with a stand-in for nsys on PATH."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from timeline.cli import main
from timeline.errors import TraceError, UnavailableError
from timeline.formats import ImportOptions, open_trace, read_foreign

SQLITE = Path(__file__).parents[2] / "data" / "nsys" / "mock.sqlite"

NSYS = """#!{python}
import json, shutil, sys
arguments = sys.argv[1:]
with open({log!r}, "w") as log:
    json.dump(arguments, log)
out = arguments[arguments.index("--output") + 1]
{do}
"""


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "my report.nsys-rep"
    path.write_bytes(b"of a form that only nsys knows")
    return path


def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, do: str) -> Path:
    """Puts an nsys that does ``do`` first on PATH; returns where it logs its arguments."""
    log = tmp_path / "arguments.json"
    program = tmp_path / "bin" / "nsys"
    program.parent.mkdir()
    program.write_text(NSYS.format(python=sys.executable, log=str(log), do=do))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return log


def test_nsys_exports_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Path) -> None:
    log = install(tmp_path, monkeypatch, f"shutil.copy({str(SQLITE)!r}, out)")
    assert open_trace(report).activities.equals(open_trace(SQLITE).activities)
    arguments = json.loads(log.read_text())
    assert arguments[:3] == ["export", "--type", "sqlite"]
    assert arguments[-1] == str(report)
    assert not Path(arguments[arguments.index("--output") + 1]).exists()


def test_without_nsys_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, report: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(report.parent))
    with pytest.raises(UnavailableError, match=r"isn't on PATH; .* -t sqlite 'my report"):
        read_foreign(report)
    assert main(["report", str(report)]) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_what_nsys_says_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Path
) -> None:
    install(tmp_path, monkeypatch, "print('The report\\nis damaged.'); sys.exit(5)")
    with pytest.raises(TraceError, match=r"rep: nsys export failed \(5\): The report is damaged\."):
        read_foreign(report)


def test_errors_name_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Path
) -> None:
    install(tmp_path, monkeypatch, "open(out, 'wb').write(b'SQLite format 3\\0')")
    with pytest.raises(TraceError) as caught:
        read_foreign(report, ImportOptions(lenient=True))
    assert str(caught.value).startswith(f"{report}: ")
