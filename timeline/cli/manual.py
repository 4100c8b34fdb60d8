"""What the help of a command says besides its options."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["EXIT_CODES", "Manual"]

EXIT_CODES = {
    "0": "done",
    "1": "a check failed",
    "2": "wrong usage, or a file that can't be read or written",
    "3": "this machine lacks something (a GPU, CUPTI, an extra, memory)",
    "130": "interrupted",
}
"""What every command may end with; 1 only those that check something."""


@dataclass(frozen=True, slots=True)
class Manual:
    """The prose of a command's help.

    Attributes
    ----------
    description : str
        What it does, in a few sentences.
    examples : tuple of (str, str)
        What each is for, and the command line. ``tests/cli/test_examples.py`` runs every one.
    see_also : tuple of str
        Other commands, and pages of the documentation.
    exit_codes : tuple of (str, str)
        Where they differ from :data:`EXIT_CODES`.
    """

    description: str
    examples: tuple[tuple[str, str], ...]
    see_also: tuple[str, ...]
    exit_codes: tuple[tuple[str, str], ...] = ()

    def epilog(self) -> str:
        """What stands below the options."""
        return "\n\n".join(("\n".join(self._examples()), "\n".join(self._codes()), self._others()))

    def _examples(self) -> Iterator[str]:
        yield "examples:"
        for what, line in self.examples:
            yield f"  # {what}"
            yield f"  {line}"

    def _codes(self) -> Iterator[str]:
        yield "exit codes:"
        plain = {code: text for code, text in EXIT_CODES.items() if code != "1"}
        for code, text in sorted({**plain, **dict(self.exit_codes)}.items(), key=_number):
            yield f"  {code:<4} {text}"

    def _others(self) -> str:
        return f"see also:\n  {', '.join(self.see_also)}"


def _number(code: tuple[str, str]) -> int:
    return int(code[0]) if code[0].isdigit() else 256
