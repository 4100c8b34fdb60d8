"""Parquet with plain columns, written only; the native form is Parquet too, in parts."""

from __future__ import annotations

from typing import BinaryIO

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from timeline.formats.flat import FlatFiles, Rows

__all__ = ["FORMAT"]


def _write(file: BinaryIO, schema: pa.Schema, rows: Rows) -> None:
    with ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in rows:
            writer.write_table(batch)


FORMAT = FlatFiles("parquet", "Parquet", (".parquet",), _write)
