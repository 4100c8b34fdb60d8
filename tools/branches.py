"""Measures which branches the tests take in the parts whose figures everything rests on.

Run it as ``python -m tools.branches`` with the extra ``release`` installed (``make coverage``).
Writes ``benchmarks/results/coverage.json``, which ``tools/quality_page.py`` reads; exit code 1
for a part below :data:`LEAST`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "coverage.json"
LEAST = 0.9

PARTS = ("timeline/intervals", "timeline/backends/sim", "timeline/check")
TESTS = (
    *("tests/intervals", "tests/backends/sim", "tests/contract", "tests/check"),
    *("tests/cli/test_check.py", "tests/cli/test_compare.py"),
)


def measure(data: Path) -> None:
    """Run the tests under coverage.py.

    Raises
    ------
    CalledProcessError
        When a test fails.
    """
    command = [sys.executable, "-m", "coverage", "run", "--branch", f"--data-file={data}"]
    subprocess.run(
        [*command, f"--source={','.join(PARTS)}", "-m", "pytest", "-q", *TESTS],
        cwd=ROOT,
        check=True,
    )


def figures(data: Path) -> dict[str, Any]:
    """Statements and branches, and how many were taken, of each part and each of its files."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "coverage.json"
        command = [sys.executable, "-m", "coverage", "json", "-q", f"--data-file={data}"]
        subprocess.run([*command, "-o", str(out)], cwd=ROOT, check=True)
        files = json.loads(out.read_text(encoding="utf-8"))["files"]
    found: dict[str, Any] = {}
    for part in PARTS:
        own = {name: _of(files[name]["summary"]) for name in sorted(files) if name.startswith(part)}
        whole = {key: sum(one[key] for one in own.values()) for key in next(iter(own.values()))}
        found[part] = {**whole, "files": own}
    return {"tests": list(TESTS), "parts": found}


def _of(summary: dict[str, int]) -> dict[str, int]:
    return {
        "statements": summary["num_statements"],
        "run": summary["covered_lines"],
        "branches": summary["num_branches"],
        "taken": summary["covered_branches"],
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, write; 1 when a part lacks branches."""
    parser = argparse.ArgumentParser(description="measure which branches the tests take")
    parser.add_argument("--data", type=Path, help="read what coverage.py measured before")
    parser.add_argument("--out", type=Path, help=f"such as {RESULTS.relative_to(ROOT)}")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        data = (options.data or Path(folder) / "data").absolute()
        if options.data is None:
            measure(data)
        found = figures(data)
    for part, one in found["parts"].items():
        print(f"{part}: {one['taken']} of {one['branches']} branches")
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return int(any(one["taken"] < LEAST * one["branches"] for one in found["parts"].values()))


if __name__ == "__main__":
    sys.exit(main())
