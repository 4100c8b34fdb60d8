"""Opening a trace, whoever wrote it."""

from __future__ import annotations

import os
from pathlib import Path

from timeline.errors import TraceError
from timeline.formats.options import ImportOptions
from timeline.formats.registry import NAMES, by_name, detect
from timeline.limits import more
from timeline.trace import Trace

__all__ = ["is_foreign", "open_trace", "read_foreign"]


def open_trace(path: str | os.PathLike[str], options: ImportOptions | None = None) -> Trace:
    """Open a native trace, its zip, or a file of any format in :mod:`timeline.formats`.

    Parameters
    ----------
    path : path-like
        A folder, a zip, or a file.
    options : ImportOptions, optional
        What to forgive in files of others, and how much to take.

    Raises
    ------
    TraceError
        When it is none of these, or damaged.
    """
    place = Path(path)
    if is_foreign(place):
        return read_foreign(place, options)
    return Trace.load(place, limits=options.limits if options is not None else None)


def is_foreign(path: Path) -> bool:
    """Whether one of the foreign formats knows the file."""
    return detect(path) is not None


def read_foreign(path: Path, options: ImportOptions | None = None) -> Trace:
    """Import one file.

    Parameters
    ----------
    path : Path
        Of any format in :mod:`timeline.formats`.
    options : ImportOptions, optional
        What to forgive and how much to take.

    Raises
    ------
    TraceError
        When no format knows it, it is larger than allowed, or damaged.
    """
    options = options or ImportOptions()
    found = detect(path)
    if found is None:
        titles = ", ".join(by_name(name).title for name in NAMES)
        raise TraceError(f"{path}: of no format that timeline imports, which are: {titles}")
    size = path.stat().st_size
    if size > options.limits.file_bytes:
        raise TraceError(
            f"{path}: {size:,} bytes, more than {options.limits.file_bytes:,}; {more('file_bytes')}"
        )
    return found.read(path, options)
