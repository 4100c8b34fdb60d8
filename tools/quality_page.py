"""Writes ``docs/quality.md``: Pythons and packages tested, branches taken, mutants killed.

Run it as ``python tools/quality_page.py``; ``--check`` only says whether the page is current.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from timeline.report.units import percent_text
from timeline.samples.markdown import table

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "quality.md"

INTRODUCTION = """\
# Quality

What the tests are worth, and where timeline is known to work. `tools/quality_page.py` writes this
page from `benchmarks/results/`; no figure was typed.

"""

MATRIX = """\
## Pythons and packages

`make matrix` builds the wheel, installs it with the extras `{extras}` on each Python, once with the
lowest versions that `pyproject.toml` allows of what it names and once with the newest, and runs
tests of all that touches those packages. Only wheels are installed; where the lowest version has
none for a Python, the lowest that has one is taken. "Wheels for all" says that the machine lacked
that Python: versions with wheels were found for it, but nothing was run.

"""

BRANCHES = """\
## Branches

`make coverage` counts them with coverage.py while `{tests}` run. Every part is above 90 %.

"""

MUTANTS = """\
## Mutants

`make mutants` changes the code in one small way at a time with mutmut (another operator, another
constant, an argument left out) and runs the tests of that part; a mutant is killed if one fails. Of
all mutants a sample is drawn with a fixed seed. Survivors are looked at one by one: a gap gets a
test; those that change nothing that can be seen are equivalent, and listed with the reason.

"""


def page(results: Path) -> str:
    """The whole page; a section for each measurement that was made."""
    sections = (("matrix", _matrix), ("coverage", _branches), ("mutants", _mutants))
    told = [
        write(json.loads((results / f"{name}.json").read_text(encoding="utf-8")))
        for name, write in sections
        if (results / f"{name}.json").is_file()
    ]
    return INTRODUCTION + "\n".join(told)


def _matrix(found: dict[str, Any]) -> str:
    names = list(dict.fromkeys(name for one in found["cells"] for name in one.get("packages", ())))
    text = MATRIX.format(extras=",".join(found["cells"][0]["extras"]))
    rows = [(one["python"], one["bounds"], one["outcome"], *_counts(one)) for one in found["cells"]]
    heads = ("Python", "packages", "outcome", "passed", "failed", "skipped")
    text += table(heads, rows) + "\nVersions that were installed or found:\n\n"
    columns = ("package", *(f"{one['python']} {one['bounds']}" for one in found["cells"]))
    versions = [
        (name, *(one.get("packages", {}).get(name, "–") for one in found["cells"]))
        for name in names
    ]
    return text + table(columns, versions)


def _counts(cell: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(cell.get(name, "–")) for name in ("passed", "failed", "skipped"))


def _branches(found: dict[str, Any]) -> str:
    rows = [
        (
            f"`{part}`",
            f"{one['taken']:,} of {one['branches']:,}",
            _share(one["taken"], one["branches"]),
            _share(one["run"], one["statements"]),
            _least(one["files"]),
        )
        for part, one in found["parts"].items()
    ]
    heads = ("part", "branches taken", "branches", "statements", "file with the fewest branches")
    return BRANCHES.format(tests=" ".join(found["tests"])) + table(heads, rows)


def _least(files: dict[str, dict[str, int]]) -> str:
    with_branches = {name: one for name, one in files.items() if one["branches"]}
    name = min(
        with_branches, key=lambda n: with_branches[n]["taken"] / with_branches[n]["branches"]
    )
    one = with_branches[name]
    return f"`{Path(name).name}` {_share(one['taken'], one['branches'])}"


def _share(part: int, whole: int) -> str:
    return percent_text(part / whole)


def _mutants(found: dict[str, Any]) -> str:
    rows = [
        (
            one["part"],
            f"{one['mutants']:,}",
            str(one["tried"]),
            str(one["killed"]),
            str(one["equivalent"]),
            str(one["tried"] - one["killed"] - one["equivalent"]),
            _share(one["killed"], one["tried"] - one["equivalent"]),
        )
        for one in found["parts"]
    ]
    heads = (
        "part",
        "mutants",
        "tried",
        "killed",
        "equivalent",
        "gaps",
        "killed of those not equivalent",
    )
    text = MUTANTS + table(heads, rows)
    files = {one["part"]: ", ".join(f"`{file}`" for file in one["files"]) for one in found["parts"]}
    text += "\n" + "\n".join(f"- {part}: {names}" for part, names in files.items()) + "\n"
    left = list(_left(found))
    if left:
        text += "\n" + table(("file", "line", "mutant", "what it is"), left)
    return text


def _left(found: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for part in found["parts"]:
        for one in part["left"]:
            why = f"equivalent: {one['why']}" if one["why"] else "**gap**"
            yield f"`{Path(one['file']).name}`", _code(one["from"]), _code(one["to"]), why


def _code(text: str) -> str:
    return "; ".join(f"`{line}`" for line in text.splitlines())


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page, or check it; 1 when it is out of date."""
    parser = argparse.ArgumentParser(description="write docs/quality.md")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args(argv)
    text = page(RESULTS)
    if not args.check:
        PAGE.write_text(text, encoding="utf-8")
        print(PAGE.relative_to(ROOT))
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        print(f"{PAGE} is out of date: python tools/quality_page.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
