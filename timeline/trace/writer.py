"""Writing a trace part by part, so that a killed recording leaves a trace."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from timeline.errors import OutputError, TraceError
from timeline.trace.files import as_output_error, checked_target, replacing, write_file
from timeline.trace.meta import Meta
from timeline.trace.parts import write_part
from timeline.trace.schema import TABLES
from timeline.trace.source import META

__all__ = ["Counts", "TraceWriter", "part_name", "write_meta", "write_tables"]

Counts = dict[str, tuple[int, int]]
"""Parts and rows of each table that has any."""


def part_name(table: str, index: int) -> str:
    """Member that holds part ``index`` of ``table``."""
    return f"{table}/part-{index:05d}.parquet"


class TraceWriter:
    """Appends parts to a native folder; :meth:`close` ends it.

    Each file is written beside its place, flushed to the disk and renamed; ``meta.json`` comes last
    and counts the parts. So the folder is a trace at any moment: one that was never closed loads up
    to its last whole part, with a note that the recording did not end.

    Parameters
    ----------
    path : path-like
        The folder. It is made here; an existing one must be empty, or a trace with ``overwrite``.
    meta : Meta, optional
        What is known at the start; a recording that is never closed keeps it.

    Raises
    ------
    OutputError
        When the place can't be written, or something is there.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, overwrite: bool = False, meta: Meta | None = None
    ) -> None:
        self.path = checked_target(path, overwrite)
        self._meta = meta or Meta("unknown")
        self._counts: Counts = {}
        self._closed = False
        with replacing(self.path) as folder:
            write_meta(folder, self._meta, self._counts, ended=False)

    def append(self, tables: Mapping[str, pa.Table]) -> None:
        """Write one part: rows of any of the tables. It counts as a whole or not at all.

        Raises
        ------
        TraceError
            For an unknown table, or columns that are not the schema's.
        OutputError
            When it can't be written, for example on a full disk.
        """
        self._check_open()
        for name, rows in tables.items():
            if name not in TABLES:
                raise TraceError(f"no table named {name!r} in a trace")
            if rows.schema != TABLES[name]:
                raise TraceError(f"table {name!r} has other columns than the schema's")
        with as_output_error(self.path):
            counts = write_tables(self.path, tables, self._counts)
            write_meta(self.path, self._meta, counts, ended=False)
        self._counts = counts

    def close(self, meta: Meta | None = None) -> Path:
        """Write the final ``meta.json``, by default with the Meta of the start."""
        self._check_open()
        with as_output_error(self.path):
            write_meta(self.path, meta or self._meta, self._counts, ended=True)
        self._closed = True
        return self.path

    def _check_open(self) -> None:
        if self._closed:
            raise OutputError(f"{self.path}: the recording has ended; make another TraceWriter")


def write_tables(folder: Path, tables: Mapping[str, pa.Table], counts: Counts) -> Counts:
    """Write the next part of each table that has rows; returns the new counts."""
    new = dict(counts)
    for name, rows in tables.items():
        if rows.num_rows:
            parts, count = counts.get(name, (0, 0))
            target = folder / part_name(name, parts)
            target.parent.mkdir(exist_ok=True)
            write_file(target, lambda file, rows=rows: write_part(rows, file))  # type: ignore[misc]
            new[name] = (parts + 1, count + rows.num_rows)
    return new


def write_meta(folder: Path, meta: Meta, counts: Counts, *, ended: bool) -> None:
    """Write ``meta.json``, which makes the parts that it counts part of the trace."""
    tables = {name: {"parts": p, "rows": r} for name, (p, r) in counts.items()}
    content = {**meta.to_json(), "ended": ended, "tables": tables}
    text = json.dumps(content, indent=1, ensure_ascii=False, default=_plain) + "\n"
    write_file(folder / META, lambda file: file.write(text.encode("utf-8", "backslashreplace")))


def _plain(value: object) -> object:
    """NumPy scalars as numbers, all else as text: a recording never fails over a label."""
    item = getattr(value, "item", None)
    return item() if callable(item) else str(value)
