"""Chrome traces: those of PyTorch (Kineto), JAX and XLA read, all traces written.

``event`` is the exact reading of one event, ``categories`` the schema as data. ``document`` reads a
file window by window; ``lines`` and ``shapes`` do the same as ``event`` for many events at once.
"""

from __future__ import annotations

import re
import zlib
from pathlib import Path

from timeline.formats.options import ImportOptions, Progress
from timeline.trace import Trace

__all__ = ["FORMAT", "Kineto"]

_HEAD_BYTES = 1 << 16
_OBJECT = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"')
_LIST = re.compile(rb'(?:\xef\xbb\xbf)?\s*\[\s*\{\s*"')
_KEYS = (b'"traceEvents"', b'"deviceProperties"', b'"schemaVersion"', b'"displayTimeUnit"')
_PHASE = re.compile(rb'"ph"\s*:\s*"')
_GZIP = 31


class Kineto:
    """See :class:`timeline.formats.format.Format`."""

    name = "kineto"
    title = "Chrome trace JSON (PyTorch, JAX)"
    suffixes = (".json", ".json.gz")

    def sniff(self, path: Path) -> bool:
        """Whether it begins as JSON with trace events does, plain or gzipped."""
        try:
            with path.open("rb") as file:
                head = file.read(_HEAD_BYTES)
            if head[:2] == b"\x1f\x8b":
                head = zlib.decompressobj(_GZIP).decompress(head, _HEAD_BYTES)
        except (OSError, zlib.error):
            return False
        if _OBJECT.match(head):
            return any(key in head for key in _KEYS)
        return bool(_LIST.match(head)) and bool(_PHASE.search(head))

    def read(self, path: Path, options: ImportOptions) -> Trace:
        """Read the file."""
        from timeline.formats.kineto.reading import read

        return read(path, options)

    def write(self, trace: Trace, path: Path, progress: Progress | None = None) -> None:
        """Write the file."""
        from timeline.formats.kineto.writing import write

        write(trace, path, progress)


FORMAT = Kineto()
