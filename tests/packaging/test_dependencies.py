"""The list of dependencies names what pyproject.toml does, and licences that go with ours."""

import re
import runpy
import tomllib
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("packaging")

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "tools" / "dependencies_page.py"))


@pytest.fixture(scope="module")
def rows() -> list[list[str]]:
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| (.*) \|$", text, re.MULTILINE)
    return [line.split(" | ") for line in found[2:]]


def test_the_page_names_what_the_project_does(page: dict[str, Any], rows: list[list[str]]) -> None:
    """Else: ``make sbom``. Versions may be those of another day."""
    wanted: dict[str, set[str]] = {}
    for extra, lines in page["named"](PROJECT).items():
        for one in lines:
            wanted.setdefault(page["canonicalize_name"](one.name), set()).add(extra)
    assert {row[0]: set(row[3].split(", ")) for row in rows if row[3].strip()} == wanted


def test_every_licence_on_it_is_compatible(page: dict[str, Any], rows: list[list[str]]) -> None:
    assert len(rows) > 20
    known = [row[2] for row in rows if row[2] != "not known here"]
    assert [licence for licence in known if not page["compatible"](licence)] == []


@pytest.mark.parametrize(
    ("licence", "goes"),
    [
        ("MIT", True),
        ("BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("Mozilla Public License 2.0 (MPL 2.0)", True),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("BSD License; GNU General Public License (GPL)", False),
        ("GNU Lesser General Public License v3 (LGPLv3)", False),
        ("UNKNOWN", False),
    ],
)
def test_what_is_compatible(page: dict[str, Any], licence: str, goes: bool) -> None:
    assert page["compatible"](licence) is goes


def test_the_matrix_runs_tests_that_exist() -> None:
    text = (ROOT / "tools" / "matrix.py").read_text(encoding="utf-8")
    named = re.findall(r'"(tests/[\w/.]+)"', text)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
