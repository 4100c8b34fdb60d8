"""What the documentation's blocks say runs, and prints what stands below it."""

import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCKS: dict[str, Any] = runpy.run_path(str(ROOT / "tools" / "page_blocks.py"))

CHEAP = ("default_stream_barrier", "event_wait")
"""The pages of the other techniques have the same commands, made by the same tool."""

GENERATED = ("claims", "command-line")
"""Pages whose tool and commands have tests of their own."""


def walked() -> list[Path]:
    return [
        page
        for page in BLOCKS["pages"]()
        if "```" in page.read_text(encoding="utf-8")
        and page.stem not in GENERATED
        and (page.parent.name != "techniques" or page.stem in CHEAP)
    ]


@pytest.mark.parametrize("page", walked(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_does_what_it_says(page: Path) -> None:
    """Else: ``python tools/page_blocks.py``."""
    text = page.read_text(encoding="utf-8")
    assert BLOCKS["walked"](page) == text


def test_a_command_that_fails_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"timeline report nothing\.trace: 2"):
        BLOCKS["Walk"](tmp_path).page("```sh\ntimeline report nothing.trace\n```\n")


def test_output_that_differs_is_renewed(tmp_path: Path) -> None:
    page = "```console\n$ echo new\nold\n```\n"
    assert BLOCKS["Walk"](tmp_path).page(page) == "```console\n$ echo new\nnew\n```\n"


def test_a_diff_applies_to_one_place_only(tmp_path: Path) -> None:
    page = "`a.txt`:\n\n```text\none\ntwo\n```\n\n`a.txt`:\n\n```diff\n one\n-two\n+three\n```\n"
    BLOCKS["Walk"](tmp_path).page(page)
    assert (tmp_path / "a.txt").read_text() == "one\nthree\n"
    with pytest.raises(ValueError, match=r"a\.txt has 0 times"):
        BLOCKS["Walk"].page(_again(tmp_path), "`a.txt`:\n\n```diff\n two\n+four\n```\n")


def _again(folder: Path) -> Any:
    """A walk in a folder that has been walked in."""
    walk = BLOCKS["Walk"].__new__(BLOCKS["Walk"])
    walk.folder = folder
    return walk
