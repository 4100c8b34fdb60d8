"""Fuzz the Kineto importer with atheris, guided by coverage.

    pip install atheris
    python tools/fuzz_kineto.py CORPUS_FOLDER -max_total_time=600

CORPUS_FOLDER holds files to start from, unpacked, and gets those that reach new code. A find is
anything but a trace or one :class:`timeline.errors.TraceError`: libFuzzer keeps it as ``crash-*``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import NamedTemporaryFile

import atheris

with atheris.instrument_imports(include=["timeline.formats"]):
    from timeline.errors import TraceError
    from timeline.formats import ImportOptions, Limits
    from timeline.formats.kineto.reading import read

LIMITS = Limits(expanded_bytes=1 << 22, event_bytes=1 << 16, rows=100_000)


def one(data: bytes) -> None:
    """Read ``data``, leniently if its first byte is odd, which is left out."""
    lenient = bool(data[:1]) and data[0] % 2 == 1
    with NamedTemporaryFile(suffix=".json") as file:
        file.write(data[1:])
        file.flush()
        try:
            read(Path(file.name), ImportOptions(lenient, LIMITS))
        except TraceError as error:
            if "\n" in str(error):
                raise AssertionError(f"more than one line: {error}") from error


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
