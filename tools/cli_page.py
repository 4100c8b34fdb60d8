"""Writes ``docs/command-line.md`` from the parsers of the commands.

Run it as ``python tools/cli_page.py``; ``--check`` only says whether the page is current.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from timeline.cli.command import Command
from timeline.cli.entry import COMMANDS, build_parser
from timeline.cli.manual import EXIT_CODES
from timeline.cli.topics import TOPICS
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
    parts = [HEAD, table(("command", "what it does"), rows), "## Exit codes"]
    parts += ["Where a command has others, it says so.", _codes(EXIT_CODES.items())]
    for name, command in by_name.items():
        parts += [f"## {name}", *_command(command, commands.choices[name])]
    parts.append("## Topics\n\nWhat several commands share: `timeline help TOPIC`.")
    parts += [f"### {name}\n\n```text\n{text.strip()}\n```" for name, text in TOPICS.items()]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _command(command: Command, parser: argparse.ArgumentParser) -> Iterator[str]:
    shown = [action for action in parser._actions if action.dest != "help"]
    taken = [action for action in shown if not action.option_strings]
    options = [action for action in shown if action.option_strings]
    words = " ".join([*(["[OPTION]…"] if options else []), *map(_place, taken)])
    yield f"```text\ntimeline {command.name} {words}\n```"
    yield _escaped(command.manual.description)
    rows = [(f"`{_place(action)}`", _help(action)) for action in taken if action.help]
    rows += [(_options(action), _help(action)) for action in options]
    if rows:
        yield table(("argument, option", "meaning"), rows)
    lines = (f"{line}    # {what}" for what, line in command.manual.examples)
    yield "```sh\n" + "\n".join(lines) + "\n```"
    if command.manual.exit_codes:
        yield _codes(command.manual.exit_codes)
    yield f"See also {', '.join(map(_linked, command.manual.see_also))}."


def _codes(codes: Iterable[tuple[str, str]]) -> str:
    return table(("exit code", "when"), codes)


def _linked(name: str) -> str:
    """A command or a page that the help names, as a link where there is something to follow."""
    path = ROOT / name
    if name.startswith("docs/"):
        target = f"{name.removeprefix('docs/')}README.md" if path.is_dir() else path.name
        return f"[{name}]({target})"
    words = name.split()
    anchor = "topics" if words[1] == "help" and len(words) > 2 else words[1]
    return f"`{name}`" if anchor.startswith("-") else f"[{name}](#{anchor})"


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
