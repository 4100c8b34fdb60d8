"""Writing a trace part by part, so that a killed recording leaves a trace."""

from __future__ import annotations

import dataclasses
import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from timeline.errors import OutputError, TraceError
from timeline.trace.files import as_output_error, checked_target, replacing, write_file
from timeline.trace.meta import Meta
from timeline.trace.parts import part_bytes
from timeline.trace.schema import TABLES
from timeline.trace.source import META

__all__ = ["Contents", "TraceWriter", "part_name", "write_meta", "write_tables"]


@dataclass(frozen=True, slots=True)
class Contents:
    """What ``meta.json`` says of a table: its rows in all, and the checksum of each part."""

    rows: int = 0
    crc32: tuple[int, ...] = ()


def part_name(table: str, index: int) -> str:
    """Member that holds part ``index`` of ``table``."""
    return f"{table}/part-{index:05d}.parquet"


class TraceWriter:
    """Appends parts to a native folder; :meth:`close` ends it.

    Each file is written beside its place, flushed to the disk and renamed; ``meta.json`` comes last
    and lists the parts. So the folder is a trace at any moment: one that was never closed loads up
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
        self._contents: dict[str, Contents] = {}
        self._closed = False
        with replacing(self.path) as folder:
            write_meta(folder, self._meta, self._contents, ended=False)

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
            contents = write_tables(self.path, tables, self._contents)
            write_meta(self.path, self._meta, contents, ended=False)
        self._contents = contents

    def close(self, meta: Meta | None = None) -> Path:
        """Write the final ``meta.json``, by default with the Meta of the start."""
        self._check_open()
        with as_output_error(self.path):
            write_meta(self.path, meta or self._meta, self._contents, ended=True)
        self._closed = True
        return self.path

    def _check_open(self) -> None:
        if self._closed:
            raise OutputError(f"{self.path}: the recording has ended; make another TraceWriter")


def write_tables(
    folder: Path, tables: Mapping[str, pa.Table], before: Mapping[str, Contents]
) -> dict[str, Contents]:
    """Write the next part of each table that has rows; returns what the tables then hold."""
    contents = dict(before)
    for name, rows in tables.items():
        if rows.num_rows:
            known = contents.get(name, Contents())
            target = folder / part_name(name, len(known.crc32))
            target.parent.mkdir(exist_ok=True)
            part = part_bytes(rows)
            write_file(target, part)
            contents[name] = Contents(known.rows + rows.num_rows, (*known.crc32, zlib.crc32(part)))
    return contents


def write_meta(folder: Path, meta: Meta, contents: Mapping[str, Contents], *, ended: bool) -> None:
    """Write ``meta.json``, which makes the parts that it lists part of the trace."""
    tables = {name: dataclasses.asdict(held) for name, held in contents.items()}
    content = {**meta.to_json(), "ended": ended, "tables": tables}
    text = json.dumps(content, indent=1, ensure_ascii=False, default=_plain) + "\n"
    write_file(folder / META, text.encode("utf-8", "backslashreplace"))


def _plain(value: object) -> object:
    """NumPy scalars as numbers, all else as text: a recording never fails over a label."""
    item = getattr(value, "item", None)
    return item() if callable(item) else str(value)
