"""Installs the wheel on every Python with the lowest and the newest allowed packages, and tests it.

Run it as ``python -m tools.matrix`` with the extra ``release`` installed (``make matrix``).
Packages come from the registry as wheels, nothing is compiled. For a Python that this machine lacks
versions are only chosen, and the table says so. Writes ``benchmarks/results/matrix.json``, which
``tools/quality_page.py`` reads.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tools.distribution import build

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "matrix.json"

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
RESOLUTIONS = {"lowest": "lowest-direct", "newest": "highest"}
"""What uv calls them; ``lowest-direct`` takes the lowest version of what pyproject.toml names."""

EXTRAS = ("app", "cluster", "cuda13", "sql")
TEST_TOOLS = ("hypothesis", "pytest", "pytest-timeout")
TESTS = (
    *("tests/trace/test_trace_columns.py", "tests/trace/test_trace_store.py"),
    *("tests/trace/test_trace_zip.py", "tests/query/test_query.py"),
    *("tests/figures/test_gantt_figure.py", "tests/figures/test_figure_text.py"),
    *("tests/formats/kineto/test_kineto_events.py", "tests/formats/perfetto/test_wire.py"),
    *("tests/formats/nsys_sqlite/test_nsys_columns.py", "tests/ranks/test_ranks.py"),
    *("tests/backends/cuda/test_cuda_backend.py", "tests/backends/cuda/test_params.py"),
    *("tests/backends/sim/test_sim_streams.py", "tests/backends/sim/test_sim_pdl.py"),
    "tests/kernels/test_nvrtc.py",
    *("tests/cli/test_entry.py", "tests/cli/test_run.py", "tests/cli/test_report.py"),
    *("tests/cli/test_query.py", "tests/cli/test_import_export.py", "tests/ui/test_opening.py"),
)
"""Where timeline meets each of its packages; what only meets Python is in ``make test``."""

SECONDS = 1800


def interpreter(version: str) -> Path | None:
    """The Python of a version that this machine has: on the path, of pyenv or of uv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    named = shutil.which(f"python{version}")
    for found in (*sorted(pyenv.glob(f"{version}.*/bin/python")), *([named] if named else ())):
        if _answers([str(found), "-c", "import venv"]):
            return Path(found)
    command = ["uv", "python", "find", "--no-python-downloads", version]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return Path(done.stdout.strip()) if done.returncode == 0 else None


def _answers(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def requirements(project: dict[str, Any], extras: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names of what timeline needs directly, and the lines of that and of what tests it.

    Only what uv is told by name is direct to it: of what a wheel requires it takes the newest.
    """
    optional = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for extra in extras for line in optional[extra])]
    tools = [line for line in optional["dev"] if _name(line) in TEST_TOOLS]
    return [_name(line) for line in lines], [*lines, *tools]


def _name(line: str) -> str:
    return re.split(r"[^\w.-]", line)[0]


def cell(version: str, bounds: str, wheel: Path, extras: Sequence[str]) -> dict[str, Any]:
    """One cell of the matrix: install there, test, and tell how it went."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    direct, lines = requirements(project, extras)
    wanted = [str(wheel), *lines]
    how = ["--resolution", RESOLUTIONS[bounds], "--only-binary", ":all:"]
    python = interpreter(version)
    told: dict[str, Any] = {"python": version, "bounds": bounds, "extras": list(extras)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if python is None:
            return told | _resolved(version, wanted, how, direct, folder)
        _uv("venv", "--quiet", "--python", str(python), str(folder / "venv"))
        inside = folder / "venv" / "bin" / "python"
        failed = _uv("pip", "install", "--quiet", "--python", str(inside), *how, *wanted)
        if failed:
            return told | {"outcome": "not installed", "says": failed}
        told["python"] = _uv_out(
            str(inside), "-c", "import platform as p; print(p.python_version())"
        )
        told["packages"] = _versions(
            _uv_out("uv", "pip", "freeze", "--python", str(inside)), direct
        )
        return told | _tested(inside, folder)


def _resolved(
    version: str, wanted: Sequence[str], how: Sequence[str], direct: Sequence[str], folder: Path
) -> dict[str, Any]:
    """Whether there are wheels of everything for a Python that is not here."""
    lines = folder / "wanted.txt"
    lines.write_text("\n".join(wanted))
    command = ["uv", "pip", "compile", "--quiet", "--python-version", version, *how, str(lines)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"outcome": "no wheels", "says": done.stderr}
    return {"outcome": "wheels for all", "packages": _versions(done.stdout, direct)}


def _tested(python: Path, folder: Path) -> dict[str, Any]:
    """Run the tests of this checkout on what is installed."""
    log, begin = folder / "junit.xml", time.monotonic()
    command = [str(python.with_name("pytest")), "-q", "-p", "no:cacheprovider", f"--junitxml={log}"]
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "CI")}
    try:
        done = subprocess.run(
            [*command, *TESTS],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired as ended:
        return {"outcome": "not finished", "says": str(ended.stdout)[-2000:]}
    if not log.is_file():
        return {"outcome": "not run", "says": done.stdout[-2000:] + done.stderr[-2000:]}
    counts = _counts(log)
    outcome = "passed" if done.returncode == 0 else "failed"
    says = {} if done.returncode == 0 else {"says": done.stdout[-6000:]}
    return {"outcome": outcome, "seconds": round(time.monotonic() - begin), **counts, **says}


def _counts(log: Path) -> dict[str, int]:
    (suite,) = ElementTree.parse(log).getroot().iter("testsuite")
    told = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")}
    wrong = told["failures"] + told["errors"]
    return {
        "passed": told["tests"] - wrong - told["skipped"],
        "failed": wrong,
        "skipped": told["skipped"],
    }


def _versions(frozen: str, direct: Sequence[str]) -> dict[str, str]:
    found = dict(re.findall(r"^([\w.-]+)==(\S+)", frozen, re.MULTILINE))
    return {name: found[name] for name in direct if name in found}


def _uv(*arguments: str) -> str:
    """What uv says of why it failed; empty when it did not."""
    done = subprocess.run(["uv", *arguments], capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def _uv_out(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def cells(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Every cell, and what is told of each as it is done."""
    with tempfile.TemporaryDirectory() as name:
        _, wheel = build(ROOT, Path(name))
        for version in options.python:
            for bounds in options.bounds:
                found = cell(version, bounds, wheel, options.extras.split(","))
                counts = {k: found[k] for k in ("passed", "failed", "skipped") if k in found}
                print(version, bounds, found["outcome"], counts or "", flush=True)
                if "says" in found:
                    print(found["says"], file=sys.stderr, flush=True)
                yield found


def keep(cell: dict[str, Any], path: Path) -> None:
    """Put a cell into the file, in place of what was told of the same Python and bounds."""
    there = json.loads(path.read_text(encoding="utf-8"))["cells"] if path.is_file() else []
    others = [one for one in there if _key(one) != _key(cell)]
    told = {
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "cells": sorted([*others, cell], key=_key),
    }
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _key(cell: dict[str, Any]) -> tuple[list[int], str, list[str]]:
    minor = [int(part) for part in cell["python"].split(".")[:2]]
    return minor, cell["bounds"], cell["extras"]


def main(argv: Sequence[str] | None = None) -> int:
    """Fill the matrix; 1 when a cell fails."""
    parser = argparse.ArgumentParser(description="test on every Python, lowest and newest packages")
    parser.add_argument("--python", nargs="+", default=PYTHONS, metavar="VERSION")
    parser.add_argument("--bounds", nargs="+", default=list(RESOLUTIONS), choices=RESOLUTIONS)
    parser.add_argument("--extras", default=",".join(EXTRAS))
    parser.add_argument("--out", type=Path, help=f"such as {RESULTS.relative_to(ROOT)}")
    options = parser.parse_args(argv)
    if shutil.which("uv") is None:
        print("uv is not on the path; pip install 'cuda-timeline[release]'", file=sys.stderr)
        return 3
    found = []
    for one in cells(options):
        found.append(one)
        if options.out:
            keep(one, options.out)
    return 0 if all(one["outcome"] in ("passed", "wheels for all") for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
