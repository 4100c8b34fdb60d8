"""What a sub-command is."""

from __future__ import annotations

import argparse
from typing import NoReturn, Protocol

from timeline.cli.manual import Manual
from timeline.errors import UsageError

__all__ = ["Command", "Parser"]


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are :class:`UsageError`, so that all errors look alike."""

    def error(self, message: str) -> NoReturn:
        """Raise ``message`` with the way to the command's help."""
        raise UsageError(f"{message}; see: {self.prog} --help")


class Command(Protocol):
    """A sub-command. Its module imports only what ``timeline --help`` needs.

    Attributes
    ----------
    name : str
        What the user types.
    summary : str
        One line of ``timeline --help``.
    manual : Manual
        The rest of what its help says.
    """

    name: str
    summary: str
    manual: Manual

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        ...

    def run(self, args: argparse.Namespace) -> int:
        """Do it; return the exit code."""
        ...
