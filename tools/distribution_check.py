"""Checks what ``tools/distribution.py`` made: contents, metadata, and that a clean install works.

Run it as ``python -m tools.distribution_check`` with the extra ``release`` installed, as
``make build`` does. The install takes dependencies from the package registry; ``--offline`` leaves
it out.
"""

from __future__ import annotations

import argparse
import configparser
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator, Sequence
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES = 4_000_000
"""More than this in an archive is a recording or a picture that strayed in."""

GENERATED = ("PKG-INFO", "setup.cfg", "cuda_timeline.egg-info/")
"""What setuptools adds to an sdist."""

TOPS = ("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "MANIFEST.in", "README.md", "pyproject.toml")
FOLDERS = ("docs/", "kernels/", "timeline/")

COMMANDS = (
    ("--version",),
    ("techniques",),
    ("doctor",),
    ("demo", "--backend", "sim", "-o", "out"),
    ("report", "out/pdl/pdl"),
    ("findings", "out/pinned_vs_pageable/pageable"),
    ("gantt", "out/pdl/pdl", "-o", "pdl.svg"),
)
"""What must work where nothing but the wheel and what it requires is installed."""


def tracked(root: Path) -> dict[str, bytes]:
    """Files of the commit's tree that belong into an sdist, by path."""
    command = ["git", "-C", str(root), "ls-files"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")
    return {
        name: (root / name).read_bytes()
        for name in listed
        if name and (name in TOPS or name.startswith(FOLDERS)) and (root / name).is_file()
    }


def sdist_files(sdist: Path) -> dict[str, bytes]:
    """Files of an sdist, by path below its one folder, without what setuptools adds."""
    with tarfile.open(sdist) as archive:
        files = {
            member.name.partition("/")[2]: archive.extractfile(member)
            for member in archive.getmembers()
            if member.isfile()
        }
        return {
            name: file.read()
            for name, file in files.items()
            if file is not None and not name.startswith(GENERATED)
        }


def wheel_files(wheel: Path) -> dict[str, bytes]:
    """Files of a wheel, by path."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def installed(tree: dict[str, bytes]) -> dict[str, bytes]:
    """Where the tree's files lie when installed."""
    inside = {name: data for name, data in tree.items() if name.startswith("timeline/")}
    kernels = {name: data for name, data in tree.items() if name.startswith("kernels/")}
    return inside | {f"timeline/{name}": data for name, data in kernels.items()}


def differences(what: str, found: dict[str, bytes], expected: dict[str, bytes]) -> Iterator[str]:
    """What an archive has too much, lacks, or has otherwise."""
    for words, names in (
        ("has what it should not", found.keys() - expected.keys()),
        ("lacks", expected.keys() - found.keys()),
        ("has another", {n for n in found.keys() & expected.keys() if found[n] != expected[n]}),
    ):
        for name in sorted(names):
            yield f"{what} {words}: {name}"


def contents(sdist: Path, wheel: Path, tree: dict[str, bytes]) -> Iterator[str]:
    """What is wrong with the files of either."""
    yield from differences("the sdist", sdist_files(sdist), tree)
    inside = {n: data for n, data in wheel_files(wheel).items() if ".dist-info/" not in n}
    yield from differences("the wheel", inside, installed(tree))
    for path in (sdist, wheel):
        if path.stat().st_size > MOST_BYTES:
            yield f"{path.name} has {path.stat().st_size:,} bytes, more than {MOST_BYTES:,}"


def metadata(wheel: Path, project: dict[str, Any]) -> Iterator[str]:
    """What the wheel's metadata says otherwise than ``[project]``."""
    files = {name.rpartition("/")[2]: data.decode() for name, data in _dist_info(wheel).items()}
    told = Parser().parsestr(files["METADATA"])
    for field, expected in (
        ("Name", project["name"]),
        ("Summary", project["description"]),
        ("License-Expression", project["license"]),
        ("Requires-Python", project["requires-python"]),
        ("Description-Content-Type", "text/markdown"),
    ):
        if told[field] != expected:
            yield f"the wheel's {field} is {told[field]!r}, not {expected!r}"
    yield from _entry_points(files["entry_points.txt"], project)
    yield from _extras(told, project)
    if "LICENSE" not in files:
        yield "the wheel has no LICENSE"


def _dist_info(wheel: Path) -> dict[str, bytes]:
    return {name: data for name, data in wheel_files(wheel).items() if ".dist-info/" in name}


def _entry_points(text: str, project: dict[str, Any]) -> Iterator[str]:
    found = configparser.ConfigParser(delimiters="=")
    found.read_string(text)
    expected = {"console_scripts": project["scripts"], **project["entry-points"]}
    if {name: dict(found[name]) for name in found.sections()} != expected:
        yield f"the wheel's entry points are {text!r}"


def _extras(told: Message, project: dict[str, Any]) -> Iterator[str]:
    """Extras, and how many requirements each has."""
    extras = project["optional-dependencies"]
    if sorted(told.get_all("Provides-Extra", [])) != sorted(extras):
        yield f"the wheel's extras are {told.get_all('Provides-Extra')}"
    found = len(told.get_all("Requires-Dist", []))
    expected = len(project["dependencies"]) + sum(map(len, extras.values()))
    if found != expected:
        yield f"the wheel has {found} requirements, pyproject.toml {expected}"


def tools(paths: Sequence[Path]) -> Iterator[str]:
    """What twine and check-wheel-contents have to say."""
    wheels = [path for path in paths if path.suffix == ".whl"]
    for name, arguments in (
        ("twine", ["check", "--strict", *paths]),
        ("check_wheel_contents", wheels),
    ):
        command = [sys.executable, "-m", name, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            yield f"{name}: {done.stdout}{done.stderr}"


def install(wheel: Path) -> Iterator[str]:
    """What fails where the wheel is installed alone, outside of any checkout."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "venv", with_pip=True, symlinks=True)
        python = folder / "venv" / "bin" / "python"
        pip: list[str | Path] = [
            python,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "--quiet",
        ]
        yield from _fails([*pip, wheel], folder)
        for words in COMMANDS:
            yield from _fails([python.with_name("timeline"), *words], folder)
        yield from _fails([*pip, "pytest"], folder)
        (folder / "test_it.py").write_text("def test_it(timeline): assert timeline\n")
        yield from _fails([python, "-m", "pytest", "-q", "test_it.py"], folder)


def _fails(command: Sequence[str | Path], folder: Path) -> Iterator[str]:
    words = [str(word) for word in command]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        yield f"{' '.join(words)}: exit code {done.returncode}: {done.stdout}{done.stderr}"


def main(argv: Sequence[str] | None = None) -> int:
    """Check both; 1 when something is wrong."""
    parser = argparse.ArgumentParser(description="check the sdist and the wheel")
    parser.add_argument("dist", nargs="?", type=Path, default=ROOT / "dist")
    parser.add_argument("--offline", action="store_true", help="install nothing")
    options = parser.parse_args(argv)
    (sdist,), (wheel,) = options.dist.glob("*.tar.gz"), options.dist.glob("*.whl")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wrong = [
        *contents(sdist, wheel, tracked(ROOT)),
        *metadata(wheel, project),
        *tools((sdist, wheel)),
        *([] if options.offline else install(wheel)),
    ]
    for line in wrong:
        print(line, file=sys.stderr)
    if not wrong:
        print(
            f"{sdist.name} and {wheel.name}: contents, metadata and install are as they should be"
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
