"""Fuzz the importers of Perfetto's protobuf and of Proton's JSON with atheris, guided by coverage.

    pip install atheris
    python tools/fuzz_perfetto.py CORPUS_FOLDER -max_total_time=600

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
    from timeline.formats.perfetto.reading import read as read_perfetto
    from timeline.formats.proton.reading import read as read_proton

LIMITS = Limits(expanded_bytes=1 << 22, event_bytes=1 << 16, rows=100_000)


def one(data: bytes) -> None:
    """Read ``data``; the first byte, which is left out, says how: leniently, and in which form."""
    how = data[0] if data else 0
    read = read_proton if how & 2 else read_perfetto
    with NamedTemporaryFile() as file:
        file.write(data[1:])
        file.flush()
        try:
            read(Path(file.name), ImportOptions(bool(how & 1), LIMITS))
        except TraceError as error:
            if "\n" in str(error):
                raise AssertionError(f"more than one line: {error}") from error


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
