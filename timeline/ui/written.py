"""Traces as files for somebody to keep."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from timeline.formats import by_name
from timeline.trace import Trace

__all__ = ["file_stem", "written", "zipped"]


def written(trace: Trace, form: str, name: str) -> bytes:
    """The file that a format writes of a trace; ``name`` tells which of its suffixes.

    Raises
    ------
    OutputError
        When the system refuses.
    """
    with tempfile.TemporaryDirectory(prefix="timeline-") as folder:
        path = Path(folder) / name
        by_name(form).write(trace, path)
        return path.read_bytes()


def zipped(trace: Trace) -> bytes:
    """The zip of the trace's native folder."""
    with tempfile.TemporaryDirectory(prefix="timeline-") as folder:
        kept = trace.save(Path(folder) / "trace")
        return Path(shutil.make_archive(str(kept), "zip", kept)).read_bytes()


def file_stem(name: str) -> str:
    """A name as the beginning of a file's name."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "trace"
