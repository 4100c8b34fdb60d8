"""The most that is taken of a file of others, and how each limit is raised."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from timeline.errors import UsageError

__all__ = ["LIMIT_OPTIONS", "Limits", "more", "variable"]


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that is taken from a file of others; each can be raised by the user.

    Attributes
    ----------
    file_bytes : int
        Bytes of the file as it lies on the disk.
    expanded_bytes : int
        Bytes after decompression.
    ratio : int
        Expanded bytes for each compressed one, from the first 64 MiB expanded on.
    rows : int
        Rows of all tables together, those left aside included.
    nesting : int
        Arrays and objects inside one another.
    event_bytes : int
        Bytes of a single event, message or value.
    members : int
        Files in a zip, parts of a trace, pieces of a gzip.
    memory_bytes : int
        Memory that the tables of a native trace may take.
    seconds : int
        Time that reading one file may take.
    """

    file_bytes: int = 64 << 30
    expanded_bytes: int = 256 << 30
    ratio: int = 200
    rows: int = 200_000_000
    nesting: int = 64
    event_bytes: int = 16 << 20
    members: int = 10_000_000
    memory_bytes: int = 32 << 30
    seconds: int = 3600

    def raised(self, environment: Mapping[str, str] | None = None) -> Limits:
        """With those that the environment sets, such as ``TIMELINE_MAX_ROWS=1000``.

        Raises
        ------
        UsageError
            For a value that is no whole number from 1 on.
        """
        given = os.environ if environment is None else environment
        found = {
            name: _number(given[variable(option)], variable(option))
            for name, (option, _) in LIMIT_OPTIONS.items()
            if given.get(variable(option))
        }
        return replace(self, **found) if found else self


LIMIT_OPTIONS: Mapping[str, tuple[str, str]] = {
    "file_bytes": ("bytes", "bytes of a file"),
    "expanded_bytes": ("expanded", "bytes after decompression"),
    "ratio": ("ratio", "bytes out of each compressed one"),
    "rows": ("rows", "rows of a file"),
    "nesting": ("nesting", "arrays and objects inside one another"),
    "event_bytes": ("event", "bytes of one event"),
    "members": ("members", "files in a zip, or pieces of a gzip"),
    "memory_bytes": ("memory", "bytes of memory for a native trace"),
    "seconds": ("seconds", "seconds for one file"),
}
"""Of each limit the option's name behind ``--max-``, and what it bounds."""

assert LIMIT_OPTIONS.keys() == {field.name for field in fields(Limits)}


def variable(option: str) -> str:
    """The variable of the environment that sets a limit."""
    return f"TIMELINE_MAX_{option.upper()}"


def more(name: str) -> str:
    """How to raise a limit, for the end of an error's line."""
    option = LIMIT_OPTIONS[name][0]
    return f"allow more with timeline import --max-{option}, or {variable(option)} for any command"


def _number(text: str, name: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise UsageError(f"{name}={text!r}: must be a whole number, at least 1")
    return value
