"""Comma-separated values, written only."""

from __future__ import annotations

from typing import BinaryIO

import pyarrow as pa
from pyarrow.csv import CSVWriter

from timeline.formats.flat import FlatFiles, Rows

__all__ = ["FORMAT"]


def _write(file: BinaryIO, schema: pa.Schema, rows: Rows) -> None:
    with CSVWriter(file, schema) as writer:
        for batch in rows:
            writer.write_table(batch)


FORMAT = FlatFiles("csv", "CSV", (".csv", ".csv.gz"), _write)
