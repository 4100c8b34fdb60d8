"""Runs what the documentation's fenced blocks say, and renews what its commands print.

Run it as ``python tools/page_blocks.py``; ``--check`` only says which pages are out of date.

A page is walked from its top in a folder of its own, in which ``samples`` and ``examples`` are
those of the tree and every trace that pages speak of has a recorded sample for a stand-in:

- ``console``: each line after a ``$`` runs in a shell; what it prints stands below it.
- ``sh``: each command runs, but those that need a GPU, the net or a browser.
- ``python``: runs in one namespace a page, without what is recorded in it.
- Any block below a line such as ```` `name.py`: ```` is written to that file. A ``diff`` is
  applied to it: the lines with a blank or a minus must be there once. A page that writes below
  ``timeline/`` gets a copy of the package, which its commands then use.
"""

from __future__ import annotations

import argparse
import ast
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

STAND_INS = {
    "train.trace": "scripts/record_torch",
    "step.trace": "scripts/record_torch",
    "my.trace": "scripts/record_cupy",
    "slow.trace": "pinned_vs_pageable/pageable",
    "before.trace": "torch_dataloader/pageable",
    "after.trace": "torch_dataloader/prefetch",
    "out/step": "scripts/record_cupy",
    "runs": "",
    "new": "",
    "runs-before": "default_stream_barrier",
    "runs-after": "default_stream_barrier",
}
"""Traces that pages speak of, and the samples that stand for them."""

EXPORTS = {
    "train.json.gz": "train.json.gz",
    "trace.json.gz": "trace.json.gz",
    "report.sqlite": "report.sqlite",
    "'run/": "run/rank0.json.gz",
    "run/rank": "run/rank1.json.gz",
    "*.sqlite": "run/rank0.sqlite",
}
"""Files of other tools, for pages with the text before them: a sample, exported."""

ELSEWHERE = (
    "git",
    "cd",
    "make",
    "pip",
    "source",
    "duckdb",
    "nsys",
    "timeline record",
    "timeline app",
    "timeline claims",
)
"""Commands that need the net, a GPU or a browser, make an environment, or that take long and have
tests of their own."""

RECORDING = "with timeline.record("

_BLOCK = re.compile(
    r"(?:^`(?P<file>[^`\n]+)`:\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_SCRIPTS = {"timeline": "-m timeline", "pytest": "-m pytest", "python": ""}
_PROMPT = "$ "
_SECONDS = 240


def pages() -> list[Path]:
    """The pages that people write, and those that show what commands print."""
    return sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *ROOT.glob("docs/*/*.md")])


@dataclass
class Walk:
    """One page, walked in ``folder``."""

    folder: Path
    names: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("samples", "examples"):
            (self.folder / name).symlink_to(ROOT / name)
        for name, sample in STAND_INS.items():
            (self.folder / name).parent.mkdir(exist_ok=True)
            (self.folder / name).symlink_to(ROOT / "samples" / sample)

    def page(self, text: str) -> str:
        """Run every block; the page with what its commands print now."""
        if re.search(r"^`timeline/[^`]+`:$", text, re.MULTILINE):
            for name in ("timeline", "kernels"):
                shutil.copytree(ROOT / name, self.folder / name, ignore=_no_bytecode)
        for word, name in EXPORTS.items():
            if word in text:
                (self.folder / name).parent.mkdir(exist_ok=True)
                self._timeline(["export", "samples/scripts/record_torch", "-o", name])
        return _BLOCK.sub(self._block, text)

    def _block(self, found: re.Match[str]) -> str:
        text, language, whole = found["text"], found["language"], found[0]
        if found["file"]:
            self._write(self.folder / found["file"], text, language)
        elif language == "console":
            whole = whole.replace(text, self._console(text))
        elif language == "sh":
            self._commands(text)
        elif language == "python":
            self._python(text)
        return whole

    def _write(self, path: Path, text: str, language: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if language == "diff":
            old, new = _sides(text)
            now = path.read_text(encoding="utf-8")
            if now.count(old) != 1:
                raise ValueError(f"{path.name} has {now.count(old)} times:\n{old}")
            text = now.replace(old, new)
        path.write_text(text, encoding="utf-8")

    def _console(self, text: str) -> str:
        commands = [line for line in text.splitlines() if line.startswith(_PROMPT)]
        return "".join(
            f"{line}\n" for c in commands for line in (c, *self._shell(c.removeprefix(_PROMPT)))
        )

    def _shell(self, command: str) -> list[str]:
        """What a command prints on a terminal, without the spaces that pad tables."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self._environment(),
            text=True,
            timeout=_SECONDS,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if re.search(r"^Traceback|^  File ", done.stdout, re.MULTILINE):  # it crashed
            raise ValueError(f"{command}\n{done.stdout}")
        printed = done.stdout.replace(f"{self.folder}/", "").strip("\n")
        return [line.rstrip() for line in printed.splitlines()]

    def _environment(self) -> Mapping[str, str]:
        """``timeline`` of this tree, or of the copy, on a machine without a GPU."""
        scripts = self.folder / ".bin"
        if not scripts.exists():
            scripts.mkdir()
            for name, module in (
                ("timeline", "-m timeline"),
                ("pytest", "-m pytest"),
                ("python", ""),
            ):
                (scripts / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
                (scripts / name).chmod(0o755)
        home = self.folder if (self.folder / "timeline").exists() else ROOT
        kept = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
        return kept | {
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(home),
            "CUDA_VISIBLE_DEVICES": "",
            "NO_COLOR": "1",
        }

    def _commands(self, text: str) -> None:
        for line in text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if not words:
                continue
            if " ".join(words).startswith(ELSEWHERE) or "python" in words[0]:
                continue
            if words[0] == "timeline":
                self._timeline(words[1:])
            else:
                subprocess.run(["bash", "-ec", line], cwd=self.folder, check=True)

    def _timeline(self, words: list[str]) -> None:
        from timeline.cli import main as timeline

        if "-o" in words:
            self._make_way(self.folder / words[words.index("-o") + 1])
        out, err = io.StringIO(), io.StringIO()
        with chdir(self.folder), redirect_stdout(out), redirect_stderr(err):
            code = timeline(words)
        if code not in (0, 1):  # a check that fails is a fair example
            raise ValueError(f"timeline {shlex.join(words)}: {code}\n{err.getvalue()}")

    def _make_way(self, place: Path) -> None:
        """Let what a command writes take the place of its stand-in."""
        if place.is_symlink():
            place.unlink()

    def _python(self, text: str) -> None:
        tree = ast.parse(text)
        tree.body = [one for one in tree.body if not ast.unparse(one).startswith(RECORDING)]
        with chdir(self.folder), redirect_stdout(io.StringIO()):
            exec(compile(tree, "page", "exec"), self.names)


def _no_bytecode(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "__pycache__"]


def _sides(diff: str) -> tuple[str, str]:
    """The lines before and after."""
    lines = diff.splitlines()
    old = [line[1:] for line in lines if not line.startswith("+")]
    new = [line[1:] for line in lines if not line.startswith("-")]
    return "\n".join(old) + "\n", "\n".join(new) + "\n"


def walked(page: Path) -> str:
    """The page's text with what its commands print now."""
    with tempfile.TemporaryDirectory() as name:
        return Walk(Path(name)).page(page.read_text(encoding="utf-8"))


def with_output() -> Iterator[Path]:
    """The pages that show what commands print."""
    return (page for page in pages() if "```console\n" in page.read_text(encoding="utf-8"))


def main(argv: Sequence[str] | None = None) -> int:
    """Renew the pages, or check them; 1 when some are out of date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("pages", nargs="*", type=Path, help="(default: those that show output)")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args(argv)
    old = 0
    for page in args.pages or with_output():
        new = walked(page)
        if new != page.read_text(encoding="utf-8"):
            old += 1
            print(page, "is out of date" if args.check else "renewed")
            if not args.check:
                page.write_text(new, encoding="utf-8")
    return int(args.check and old > 0)


if __name__ == "__main__":
    sys.exit(main())
