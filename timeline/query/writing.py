"""Results of queries as files: Parquet, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from timeline.formats.replacing import replacing_file

__all__ = ["write", "write_csv", "write_json"]

_BATCH = 1 << 14


def write(found: pa.Table, path: Path) -> None:
    """Write a file that appears whole or not at all; the end of its name says which form.

    Raises
    ------
    OutputError
        When the place can't be written.
    """
    with replacing_file(path) as file:
        if path.suffix == ".parquet":
            pq.write_table(found, file, compression="zstd")
            return
        text = io.TextIOWrapper(file, "utf-8", newline="")
        (write_csv if path.suffix == ".csv" else write_json)(found, text)
        text.detach()


def write_csv(found: pa.Table, file: TextIO) -> None:
    """Write a header and a line for each row; lists are written as JSON, null as nothing."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(found.column_names)
    for rows in _rows(found):
        writer.writerows([_cell(value) for value in row] for row in rows)


def write_json(found: pa.Table, file: TextIO) -> None:
    """Write a list of objects, a row a line."""
    separator = "[\n"
    names = found.column_names
    for rows in _rows(found):
        for row in rows:
            plain = {name: _plain(value) for name, value in zip(names, row, strict=True)}
            file.write(separator + json.dumps(plain, ensure_ascii=False, default=str))
            separator = ",\n"
    file.write("[]\n" if separator == "[\n" else "\n]\n")


def _rows(found: pa.Table) -> Iterator[Iterator[tuple[Any, ...]]]:
    for first in range(0, found.num_rows, _BATCH):
        columns = (column.to_pylist() for column in found.slice(first, _BATCH).columns)
        yield zip(*columns, strict=True)


def _plain(value: Any) -> Any:
    """A value as JSON has it: sums are wide decimals, and JSON has no NaN."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    return value


def _cell(value: Any) -> Any:
    return json.dumps(value, default=str) if isinstance(value, list | dict) else _plain(value)
