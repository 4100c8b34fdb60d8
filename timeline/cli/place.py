"""Places for results: checked before the work, filled whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from timeline.errors import OutputError

__all__ = ["check_file", "check_folder", "check_trace", "write_text"]


def check_folder(folder: Path) -> None:
    """Make ``folder`` if needed, and fail unless files can be put into it.

    Raises
    ------
    OutputError
        When it is a file, or may not be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "is a file" if isinstance(error, FileExistsError) else error.strerror
        raise OutputError(f"{folder}: {reason}; choose another folder with -o") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{folder}: may not be written; choose another folder with -o")


def check_trace(folder: Path, *, overwrite: bool) -> None:
    """Fail if a trace can't be put at ``folder``.

    Raises
    ------
    OutputError
        When something is there, and it isn't a trace that may be overwritten.
    """
    from timeline.trace.files import checked_target

    if not overwrite and folder.is_dir() and any(folder.iterdir()):
        raise OutputError(f"{folder}: exists; add --overwrite or choose another folder with -o")
    checked_target(folder, overwrite)


def check_file(path: Path, *, overwrite: bool) -> None:
    """Fail if a file can't be put at ``path``.

    Raises
    ------
    OutputError
        When something is there that may not be overwritten.
    """
    if path.is_dir():
        raise OutputError(f"{path}: is a folder; name a file with -o")
    if path.exists() and not overwrite:
        raise OutputError(f"{path}: exists; add --overwrite or choose another file with -o")
    check_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Put ``text`` at ``path``, whole or not at all.

    Raises
    ------
    OutputError
        When the system refuses.
    """
    from timeline.trace.files import as_output_error, write_file

    with as_output_error(path):
        write_file(path, text.encode())
