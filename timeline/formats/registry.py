"""The formats there are, and which of them a file has."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from timeline.errors import UsageError, unknown
from timeline.formats.format import Format, Writer

__all__ = ["NAMES", "WRITTEN", "by_name", "by_suffix", "detect", "writer"]

NAMES: tuple[str, ...] = ("nsys_rep", "proton", "kineto", "nsys_sqlite", "perfetto")
"""Packages of ``timeline.formats``, in the order in which they look at a file."""

WRITTEN: tuple[str, ...] = ("csv", "parquet")
"""Packages that write only."""


def by_name(name: str) -> Format:
    """The format called ``name``.

    Raises
    ------
    UsageError
        When there is none.
    """
    if name not in NAMES:
        raise unknown("format", name, NAMES)
    found: Format = import_module(f"timeline.formats.{name}").FORMAT
    return found


def writer(name: str) -> Writer:
    """The format called ``name``, which may be one that is written only.

    Raises
    ------
    UsageError
        When there is none.
    """
    if name not in NAMES + WRITTEN:
        raise unknown("format", name, NAMES + WRITTEN)
    found: Writer = import_module(f"timeline.formats.{name}").FORMAT
    return found


def by_suffix(path: Path) -> Writer:
    """The format to write at ``path``, by the end of its name.

    Raises
    ------
    UsageError
        When the name stands for none.
    """
    known = {suffix: name for name in NAMES + WRITTEN for suffix in writer(name).suffixes}
    for suffix in sorted(known, key=len, reverse=True):
        if path.name.endswith(suffix):
            return writer(known[suffix])
    raise UsageError(f"{path}: must end in {' or '.join(known)}, or name a --format")


def detect(path: Path) -> Format | None:
    """The format whose content the file at ``path`` has; None when none knows it."""
    if not path.is_file():
        return None
    return next((found for found in map(by_name, NAMES) if found.sniff(path)), None)
