"""Perfetto's protobuf traces, which ui.perfetto.dev and ``trace_processor`` open.

``schema`` has the numbers of the fields, ``encoding`` writes messages and ``wire`` reads them, many
at once. Beyond that the modules are of one direction each: those that begin with ``out_`` write.
"""

from __future__ import annotations

from pathlib import Path

from timeline.formats.options import ImportOptions, Progress
from timeline.trace import Trace

__all__ = ["FORMAT"]


class Perfetto:
    """See :class:`timeline.formats.format.Format`."""

    name = "perfetto"
    title = "Perfetto protobuf"
    suffixes = (".perfetto-trace", ".pftrace", ".perfetto-trace.gz")

    def sniff(self, path: Path) -> bool:
        """Whether it begins with whole packets of known fields, plain or gzipped."""
        from timeline.formats.perfetto.sniffing import sniff

        return sniff(path)

    def read(self, path: Path, options: ImportOptions) -> Trace:
        """Read the file."""
        from timeline.formats.perfetto.reading import read

        return read(path, options)

    def write(self, trace: Trace, path: Path, progress: Progress | None = None) -> None:
        """Write the file."""
        from timeline.formats.perfetto.out_file import write

        write(trace, path, progress)


FORMAT = Perfetto()
