"""Writes ``docs/command-line.md`` from the parsers of the commands.

Run it as ``python tools/cli_page.py``; ``--check`` only says whether the page is current.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from timeline.cli.command import Command
from timeline.cli.entry import COMMANDS, EPILOG, build_parser
from timeline.samples import table

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "command-line.md"

HEAD = """\
# Command line

`tools/cli_page.py` writes this page from the parsers: it says what `timeline COMMAND --help` says.
TRACE is a folder or zip that timeline wrote, or a file of [another tool](formats.md).
"""


def page() -> str:
    """The page's text."""
    by_name: dict[str, Command] = {command.name: command for command in COMMANDS}
    parser = build_parser(by_name)
    (commands,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    rows = [(f"[{name}](#{name})", command.summary) for name, command in by_name.items()]
    parts = [HEAD, table(("command", "what it does"), rows), _sentence(EPILOG)]
    for name, found in commands.choices.items():
        parts += [f"## {name}", *_command(name, found)]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _command(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    shown = [action for action in parser._actions if action.dest != "help"]
    taken = [action for action in shown if not action.option_strings]
    options = [action for action in shown if action.option_strings]
    words = " ".join([*(["[OPTION]…"] if options else []), *map(_place, taken)])
    yield " ".join(str(parser.description).split())
    yield f"```text\ntimeline {name} {words}\n```"
    rows = [(f"`{_place(action)}`", _help(action)) for action in taken if action.help]
    rows += [(_options(action), _help(action)) for action in options]
    if rows:
        yield table(("argument, option", "meaning"), rows)
    if parser.epilog:
        yield f"```text\n{parser.epilog.strip()}\n```"


def _place(action: argparse.Action) -> str:
    """How a positional argument stands on the command line."""
    word = _metavar(action)
    if action.nargs == argparse.REMAINDER:
        return f"{word} [ARGUMENT]…"
    if action.nargs in ("+", "*"):
        word = f"{word}…"
    return f"[{word}]" if action.nargs in ("?", "*") else word


def _metavar(action: argparse.Action) -> str:
    if isinstance(action.metavar, tuple):
        return " ".join(action.metavar)
    if action.choices is not None and action.metavar is None:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return action.metavar or action.dest.upper()


def _options(action: argparse.Action) -> str:
    names = ", ".join(f"`{name}`" for name in action.option_strings)
    if action.nargs == 0:
        return names
    more = "…" if action.nargs in ("+", "*", argparse.REMAINDER) else ""
    return f"{names} `{_metavar(action)}{more}`"


def _help(action: argparse.Action) -> str:
    """The help with its placeholders filled in, as text in a cell of a table."""
    values = {name: value for name, value in vars(action).items() if value is not argparse.SUPPRESS}
    text = (action.help or "") % values if "%" in (action.help or "") else action.help or ""
    return _escaped(_capital(text))


def _escaped(text: str) -> str:
    return re.sub(r"([|<>*_])", r"\\\1", text)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    return _capital(" ".join(text.split())) + "."


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page, or check it; 1 when it is out of date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args(argv)
    if not args.check:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    old = page() != PAGE.read_text(encoding="utf-8")
    if old:
        print(f"{PAGE.name}: out of date: python tools/cli_page.py", file=sys.stderr)
    return int(old)


if __name__ == "__main__":
    sys.exit(main())
