"""Writing a file that appears whole or not at all, however large."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from timeline.trace.files import as_output_error

__all__ = ["replacing_file"]

_FAST = 1  # a gzip of a trace is hardly smaller at higher levels, and takes several times as long


@contextmanager
def replacing_file(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of ``path`` when the block ends well; ``.gz`` is compressed.

    Raises
    ------
    OutputError
        When the system refuses.
    """
    beside = path.with_name(f".{path.name}.tmp")
    with as_output_error(path):
        try:
            with beside.open("wb") as file:
                if path.suffix == ".gz":
                    with gzip.GzipFile("", "wb", _FAST, file, mtime=0) as packed:
                        yield cast(BinaryIO, packed)
                else:
                    yield file
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
