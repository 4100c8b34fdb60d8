"""In-kernel traces of Proton, Triton's profiler: JSON of Chrome's form with a lane a warp."""

from __future__ import annotations

import re
from pathlib import Path

from timeline.errors import OutputError
from timeline.formats.options import ImportOptions, Progress
from timeline.trace import Trace

__all__ = ["FORMAT"]

_HEAD_BYTES = 1 << 16
_LANE = re.compile(rb'"pid"\s*:\s*"[^"]* Core\d+ CTA\d+"\s*,\s*"tid"\s*:\s*"warp \d+')
_EVENTS = b'"traceEvents"'


class Proton:
    """See :class:`timeline.formats.Format`."""

    name = "proton"
    title = "Proton in-kernel trace (Triton)"
    suffixes: tuple[str, ...] = ()

    def sniff(self, path: Path) -> bool:
        """Whether it begins with events of a warp of a block."""
        try:
            with path.open("rb") as file:
                head = file.read(_HEAD_BYTES)
        except OSError:
            return False
        return _EVENTS in head and bool(_LANE.search(_sorted(head)))

    def read(self, path: Path, options: ImportOptions) -> Trace:
        """Read the file."""
        from timeline.formats.proton.reading import read

        return read(path, options)

    def write(self, trace: Trace, path: Path, progress: Progress | None = None) -> None:
        """Refuse: other tools read Chrome JSON of any writer."""
        raise OutputError(f"{path}: not written in Proton's form; write .json instead")


def _sorted(head: bytes) -> bytes:
    """Without the keys that stand between ``pid`` and ``tid`` in order of the alphabet."""
    return re.sub(rb'"ph"\s*:\s*"X"\s*,\s*', b"", head)


FORMAT = Proton()
