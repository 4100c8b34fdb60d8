"""What the documentation says exists does."""

import ast
import inspect
import re
import runpy
import shlex
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest

import timeline
from timeline import analysis
from timeline.cli.command import Command
from timeline.cli.entry import COMMANDS, build_parser
from timeline.techniques import NAMES, technique

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*/README.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def shell_lines(text: str) -> Iterator[list[str]]:
    for language, block in _FENCE.findall(text):
        if language == "sh":
            for line in block.splitlines():
                yield shlex.split(line, comments=True)


def commands() -> list[list[str]]:
    """Arguments of every ``timeline`` command of every page."""
    pages = (page.read_text(encoding="utf-8") for page in PAGES)
    lines = (words for text in pages for words in shell_lines(text) if words[:1] == ["timeline"])
    found = [list(takewhile(lambda word: word not in ("|", "<", ">"), w[1:])) for w in lines]
    assert found
    return found


def anchors(page: Path) -> set[str]:
    """Anchors of the headings, as GitHub makes them."""
    headings = _HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("argv", commands(), ids=" ".join)
def test_commands_are_understood(argv: list[str]) -> None:
    by_name: dict[str, Command] = {command.name: command for command in COMMANDS}
    args = build_parser(by_name).parse_args(argv)
    if args.command in ("run", "techniques") and args.technique:
        technique(args.technique)
    if args.command == "run":
        from timeline.cli.experiment import choose, settings

        found = technique(args.technique)
        found.parse(settings(args.set))
        assert choose(found, args.variant or ["all"])


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    used = {words[1] for words in shell_lines(README) if words[:1] == ["make"]}
    assert used
    assert used <= targets


def test_readme_lists_every_technique() -> None:
    assert tuple(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)) == NAMES


def test_python_examples_use_public_names() -> None:
    blocks = [code for language, code in _FENCE.findall(README) if language == "python"]
    used = {
        node.attr
        for block in blocks
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "timeline"
    }
    assert used
    assert used <= set(timeline.__all__)


def test_python_examples_name_variants_that_exist() -> None:
    for found, variant in re.findall(r'technique\("(\w+)"\)\.program\("(\w+)"', README):
        assert variant in [v.name for v in technique(found).variants]


def test_every_measure_is_described() -> None:
    page = (ROOT / "docs" / "measures.md").read_text(encoding="utf-8")
    functions = {n for n in analysis.__all__ if inspect.isfunction(getattr(analysis, n))}
    assert functions - set(re.findall(r"`(\w+)`", page)) == set()


def test_the_page_of_the_samples_is_current() -> None:
    """Else: ``python tools/samples_readme.py``."""
    samples = runpy.run_path(str(ROOT / "tools" / "samples_readme.py"))
    assert (ROOT / "samples" / "README.md").read_text() == samples["page"](ROOT / "samples")


def test_changelog_has_the_version_or_what_is_unreleased() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[(Unreleased|{re.escape(timeline.__version__)})\]", changelog, re.M)


def test_no_page_names_a_place_of_one_machine() -> None:
    named = [
        name(page)
        for page in PAGES
        if re.search(r"(?<![\w.])/(root|tmp|work|home)/", page.read_text())
    ]
    assert named == []
