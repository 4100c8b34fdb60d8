"""Reports of Nsight Systems, read through ``nsys export`` where that is on PATH."""

from __future__ import annotations

from pathlib import Path

from timeline.errors import OutputError
from timeline.formats.options import ImportOptions, Progress
from timeline.trace import Trace

__all__ = ["FORMAT"]

_SUFFIXES = (".nsys-rep", ".qdrep")


class NsysReport:
    """See :class:`timeline.formats.Format`; only nsys knows the form of its reports."""

    name = "nsys_rep"
    title = "Nsight Systems .nsys-rep"
    suffixes: tuple[str, ...] = ()

    def sniff(self, path: Path) -> bool:
        """Whether it is called as nsys calls its reports."""
        return path.name.endswith(_SUFFIXES)

    def read(self, path: Path, options: ImportOptions) -> Trace:
        """Let nsys export the report, then import that."""
        from timeline.formats.nsys_rep.exporting import read

        return read(path, options)

    def write(self, trace: Trace, path: Path, progress: Progress | None = None) -> None:
        """Refuse: only nsys can."""
        raise OutputError(f"{path}: only nsys writes its reports; write .sqlite instead")


FORMAT = NsysReport()
