"""Exports of Nsight Systems: ``nsys export -t sqlite``."""

from __future__ import annotations

from pathlib import Path

from timeline.formats.options import ImportOptions, Progress
from timeline.trace import Trace

__all__ = ["FORMAT"]

_MAGIC = b"SQLite format 3\0"


class NsysSqlite:
    """See :class:`timeline.formats.Format`; what is read of which table is in ``docs/nsys.md``."""

    name = "nsys_sqlite"
    title = "Nsight Systems .sqlite"
    suffixes = (".sqlite",)

    def sniff(self, path: Path) -> bool:
        """Whether it is a SQLite file."""
        try:
            with path.open("rb") as file:
                return file.read(len(_MAGIC)) == _MAGIC
        except OSError:
            return False

    def read(self, path: Path, options: ImportOptions) -> Trace:
        """Import an export of any version from 2022 to 2026."""
        from timeline.formats.nsys_sqlite.reading import read

        return read(path, options)

    def write(self, trace: Trace, path: Path, progress: Progress | None = None) -> None:
        """Write a file on which ``nsys stats`` and ``nsys analyze`` run."""
        from timeline.formats.nsys_sqlite.writing import write

        write(trace, path, progress)


FORMAT = NsysSqlite()
