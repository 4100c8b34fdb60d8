"""Text of others, where a terminal or a program reads it."""

from __future__ import annotations

from typing import Any

__all__ = ["escaped", "line_of", "printable", "unicode"]

MOST_LINE = 1000
"""Characters of a line that quotes a trace, whose names may have a million."""


def printable(text: str) -> str:
    """Without what a terminal would take for a command: names come from traces of others."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def line_of(text: str) -> str:
    """A line for a terminal that quotes a trace: printable, and no longer than one reads."""
    return printable(text if len(text) <= MOST_LINE else f"{text[: MOST_LINE - 1]}…")


def escaped(text: str) -> str:
    """JSON that says the same, with what is not printable as escapes; its own newlines stay."""
    if all(line.isprintable() for line in text.split("\n")):
        return text
    return "".join(c if c.isprintable() or c == "\n" else _escape(c) for c in text)


def _escape(char: str) -> str:
    raw = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{raw[at : at + 2].hex()}" for at in range(0, len(raw), 2))


def unicode(value: Any) -> Any:
    """A value of JSON whose texts can be written: half a surrogate pair becomes a question mark."""
    if isinstance(value, str):
        return value if value.isprintable() else value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [unicode(item) for item in value]
    if isinstance(value, dict):
        return {unicode(key): unicode(item) for key, item in value.items()}
    return value
