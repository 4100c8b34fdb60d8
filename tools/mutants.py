"""Changes the code in small ways (mutants) and sees whether the tests notice: mutmut, on samples.

Run it as ``python -m tools.mutants`` with the extra ``release`` installed (``make mutants``). It
works on a copy. Of each part so many mutants are drawn with a fixed seed. Survivors are printed as
differences; those that change nothing that anybody could see are listed, with the reason, in
``tools/mutants_judged.json``. Writes ``benchmarks/results/mutants.json``, which
``tools/quality_page.py`` reads.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "mutants.json"
JUDGED = ROOT / "tools" / "mutants_judged.json"
SEED = 8

COPIED = ("timeline", "kernels", "tests", "samples", "pyproject.toml")

SURVIVED, KILLED, UNSEEN = "survived", "killed", "no test"
_BY_EXIT_CODE = {0: SURVIVED, 33: UNSEEN}
"""mutmut's exit codes of a mutant; with every other one a test failed, or it ran too long."""


@dataclass(frozen=True, slots=True)
class Part:
    """Files that are changed, and the tests that must notice."""

    files: tuple[str, ...]
    tests: tuple[str, ...]


PARTS: Mapping[str, Part] = {
    "intervals": Part(("timeline/intervals",), ("tests/intervals",)),
    "sim": Part(
        tuple(
            f"timeline/backends/sim/{name}.py"
            for name in ("engine", "issue", "streams", "host", "copies", "memory", "kernels")
        ),
        (
            *(f"tests/backends/sim/test_sim_{name}.py" for name in ("streams", "copies", "pdl")),
            *(f"tests/backends/sim/test_sim_{name}.py" for name in ("memory", "graphs", "kernels")),
        ),
    ),
    "check": Part(
        tuple(f"timeline/check/{name}.py" for name in ("threshold", "noise", "rules", "verdicts")),
        tuple(
            f"tests/check/test_{name}.py" for name in ("threshold", "noise", "rules", "verdicts")
        ),
    ),
}
"""Where timeline's own semantics are; of the simulator what decides when something may start."""


def prepare(part: Part, folder: Path) -> None:
    """Copy the tree and tell mutmut what to do there."""
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    told = {
        "source_paths": list(part.files),
        "also_copy": [name for name in COPIED if name != "pyproject.toml"],
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-p", "no:xdist"],
        "pytest_add_cli_args_test_selection": list(part.tests),
    }
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in told.items())
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[tool.mutmut]\n{lines}\n")


def mutmut(folder: Path, *arguments: str) -> str:
    """What mutmut prints."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + (done.stderr if done.returncode else "")


def outcomes(folder: Path) -> dict[str, int | None]:
    """The exit code of each mutant by name; None for one that was not tried."""
    found: dict[str, int | None] = {}
    for meta in sorted((folder / "mutants").rglob("*.meta")):
        found |= json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


def drawn(names: Sequence[str], most: int) -> list[str]:
    """A sample that is the same each time, in the order of the names."""
    few = random.Random(SEED).sample(sorted(names), min(most, len(names)))
    return sorted(few)


def difference(folder: Path, name: str) -> dict[str, str]:
    """What a mutant changes: the file, and the lines before and after."""
    text = mutmut(folder, "show", name)
    file = re.search(r"^--- (.*)$", text, re.MULTILINE)
    old = re.findall(r"^-(?!--)\s*(.*)$", text, re.MULTILINE)
    new = re.findall(r"^\+(?!\+\+)\s*(.*)$", text, re.MULTILINE)
    return {
        "file": file[1].strip() if file else name,
        "from": "\n".join(old),
        "to": "\n".join(new),
    }


def judged() -> dict[tuple[str, str, str], str]:
    """Why survivors are no gaps, by what they change."""
    listed = json.loads(JUDGED.read_text(encoding="utf-8")) if JUDGED.is_file() else []
    return {(one["file"], one["from"], one["to"]): one["why"] for one in listed}


def tried(name: str, part: Part, most: int) -> dict[str, Any]:
    """Draw mutants of a part and try them."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        prepare(part, folder)
        said = mutmut(folder, "run", "--max-children", "1", "no mutant has this name")
        every = outcomes(folder)
        if not every:
            sys.exit(f"{name}: mutmut made no mutants:\n{said[-3000:]}")
        chosen = drawn(list(every), most)
        said = mutmut(folder, "run", "--max-children", "1", *chosen)
        codes = {one: code for one, code in outcomes(folder).items() if one in chosen}
        if None in codes.values():
            sys.exit(f"{name}: mutmut did not try all of them:\n{said[-3000:]}")
        told = {one: _BY_EXIT_CODE.get(code or 0, KILLED) for one, code in codes.items()}
        left = [difference(folder, one) | {"is": is_} for one, is_ in told.items() if is_ != KILLED]
    why = judged()
    for one in left:
        one["why"] = why.get((one["file"], one["from"], one["to"]), "")
    return {
        "part": name,
        "files": list(part.files),
        "tests": list(part.tests),
        "mutants": len(every),
        "tried": len(chosen),
        "killed": sum(is_ == KILLED for is_ in told.values()),
        "equivalent": sum(bool(one["why"]) for one in left),
        "left": left,
    }


def keep(found: dict[str, Any], path: Path) -> None:
    """Put a part into the file, in place of what was told of it before."""
    there = json.loads(path.read_text(encoding="utf-8"))["parts"] if path.is_file() else []
    parts = [one for one in there if one["part"] != found["part"]] + [found]
    parts.sort(key=lambda one: list(PARTS).index(one["part"]))
    path.write_text(json.dumps({"seed": SEED, "parts": parts}, indent=1) + "\n", encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Try the mutants; 1 where one survives that nobody has judged."""
    parser = argparse.ArgumentParser(description="try mutants of the code on its tests")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="default: all")
    parser.add_argument("--most", type=int, default=150, help="mutants of each part (default: 150)")
    parser.add_argument("--out", type=Path, help=f"such as {RESULTS.relative_to(ROOT)}")
    options = parser.parse_args(argv)
    gaps = 0
    for name in options.parts or PARTS:
        found = tried(name, PARTS[name], options.most)
        print(f"{name}: {found['killed']} of {found['tried']} killed, of {found['mutants']} in all")
        for one in found["left"]:
            gaps += not one["why"]
            print(f"  {one['file']}, {one['is']}: {one['why'] or 'NOT JUDGED'}")
            print(f"    - {one['from']}\n    + {one['to']}", flush=True)
        if options.out:
            keep(found, options.out)
    return 1 if gaps else 0


if __name__ == "__main__":
    sys.exit(main())
