"""The reference pages list what there is."""

import re
import runpy
from importlib import import_module
from pathlib import Path

import pytest

import timeline
from timeline.findings import DETECTORS

ROOT = Path(__file__).resolve().parents[2]
API = ROOT / "docs" / "api"


def parts() -> list[str]:
    """The packages that the reference has a page of."""
    return sorted(page.stem for page in API.glob("[a-z]*.md"))


def test_the_command_line_is_current() -> None:
    """Else: ``python tools/cli_page.py``."""
    page = runpy.run_path(str(ROOT / "tools" / "cli_page.py"))["page"]
    assert (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8") == page()


def test_the_first_page_of_the_api_lists_the_public_names() -> None:
    text = (API / "README.md").read_text(encoding="utf-8")
    assert set(timeline.__all__) <= set(re.findall(r"`(\w+)`", text))
    linked = set(re.findall(r"\]\((\w+)\.md\)", text))
    assert linked == set(parts())


@pytest.mark.parametrize("part", parts())
def test_a_page_documents_its_package(part: str) -> None:
    text = (API / f"{part}.md").read_text(encoding="utf-8")
    modules = re.findall(r"automodule:: ([\w.]+)", text)
    assert modules[0] == f"timeline.{part}"
    assert all(import_module(module).__doc__ for module in modules)


def test_pages_that_the_code_names_exist() -> None:
    named = {page for path in (ROOT / "timeline").rglob("*.py") for page in _pages(path)}
    named |= {detector.page for detector in DETECTORS}
    assert named
    assert [page for page in sorted(named) if not (ROOT / page).is_file()] == []


def _pages(path: Path) -> list[str]:
    return re.findall(r"\bdocs/[\w/-]+\.md\b", path.read_text(encoding="utf-8"))
