"""Fuzz an importer with atheris, guided by coverage.

    pip install atheris
    python -m tools.fuzz_import kineto CORPUS_FOLDER -max_total_time=600

CORPUS_FOLDER holds files to start from, unpacked, and gets those that reach new code. A find is
anything but a sound trace or one :class:`timeline.errors.TraceError` of a line: libFuzzer keeps it
as ``crash-*``, which the same command reads again in CORPUS_FOLDER's place.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import NamedTemporaryFile

import atheris

with atheris.instrument_imports(include=["timeline.formats"]):
    from timeline.errors import TraceError
    from timeline.formats import Format, ImportOptions, Limits, by_name

__all__ = ["check", "fuzz"]

LIMITS = Limits(expanded_bytes=1 << 22, event_bytes=1 << 16, rows=100_000)


def check(reader: Format, path: Path, *, lenient: bool) -> None:
    """Read a file, and look at what comes of it."""
    try:
        trace = reader.read(path, ImportOptions(lenient, LIMITS))
    except TraceError as error:
        if "\n" in str(error):
            raise AssertionError(f"more than one line: {error}") from error
        return
    for table in trace.tables.values():
        table.validate(full=True)


def fuzz(reader: Format, data: bytes) -> None:
    """Read ``data``, leniently if its first byte is odd, which is left out."""
    lenient = bool(data[:1]) and data[0] % 2 == 1
    with NamedTemporaryFile() as file:
        file.write(data[1:])
        file.flush()
        check(reader, Path(file.name), lenient=lenient)


if __name__ == "__main__":
    chosen = by_name(sys.argv.pop(1))
    with atheris.instrument_imports(include=["timeline.formats"]):
        fuzz(chosen, b"")  # imports what reads
    atheris.Setup(sys.argv, lambda data: fuzz(chosen, data))
    atheris.Fuzz()
