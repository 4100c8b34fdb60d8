"""Tables of a trace as files of plain columns, one a table, for tools that know nothing of traces.

A grid, block or cluster becomes three columns; texts are texts. A name with the format's suffix
gets the activities; any other is a folder with a file for each table that has rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from timeline.errors import OutputError
from timeline.formats.options import Progress
from timeline.formats.replacing import replacing_file
from timeline.trace import TABLES, Trace
from timeline.trace.columns import from_numpy, one_chunk, to_numpy
from timeline.trace.files import as_output_error, replacing

__all__ = ["FlatFiles", "plain_batches"]

_BATCH = 1 << 16
_LANES = "xyz"

Rows = Iterator[pa.Table]
WriteTable = Callable[[BinaryIO, pa.Schema, Rows], None]


@dataclass(frozen=True, slots=True)
class FlatFiles:
    """See :class:`timeline.formats.format.Writer`.

    Attributes
    ----------
    write_table : callable
        Writes rows of a schema to a file.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    write_table: WriteTable

    def write(self, trace: Trace, path: Path, progress: Progress | None = None) -> None:
        """Write the activities to a file, or all tables into a folder; whole or not at all.

        Raises
        ------
        OutputError
            When the place can't be written, or is a folder that holds anything else.
        """
        rows = sum(map(trace.rows, trace.tables))
        if path.name.endswith(self.suffixes):
            self._file(path, trace.activities, progress, (0, trace.rows("activities")))
            return
        self._check(path)
        done = 0
        with replacing(path, overwrite=True) as folder:
            for name, table in trace.tables.items():
                if table.num_rows:
                    file = folder / f"{name}{self.suffixes[0]}"
                    self._file(file, table, progress, (done, rows))
                    done += table.num_rows

    def _file(
        self, path: Path, table: pa.Table, progress: Progress | None, at: tuple[int, int]
    ) -> None:
        def told() -> Rows:
            done, total = at
            for batch in plain_batches(table):
                if progress is not None:
                    progress(done, total)
                done += batch.num_rows
                yield batch

        schema = next(plain_batches(table.slice(0, 0))).schema
        with replacing_file(path) as file:
            self.write_table(file, schema, told())

    def _check(self, folder: Path) -> None:
        """Refuse a folder that holds anything but what was written into it here."""
        known = {f"{name}{self.suffixes[0]}" for name in TABLES}
        with as_output_error(folder):
            there = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
        for name in there:
            if name not in known:
                raise OutputError(f"{folder}: holds {name!r}; choose another folder with -o")


def plain_batches(table: pa.Table) -> Rows:
    """The rows with plain columns, some at a time; at least once, if without any."""
    for first in range(0, max(table.num_rows, 1), _BATCH):
        part = table.slice(first, _BATCH)
        yield pa.table(
            {
                label: values
                for name in part.column_names
                for label, values in _plain(name, one_chunk(part[name]))
            }
        )


def _plain(name: str, values: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    if pa.types.is_dictionary(values.type):
        yield name, values.cast(values.type.value_type)
    elif pa.types.is_fixed_size_list(values.type):
        lanes, missing = to_numpy(values), None
        if values.null_count:
            missing = to_numpy(pc.is_null(values))
        for place, lane in enumerate(_LANES):
            column = from_numpy(lanes[:, place].copy(), values.type.value_type)
            if missing is not None:
                column = pc.if_else(from_numpy(missing, pa.bool_()), None, column)
            yield f"{name}_{lane}", column
    else:
        yield name, values
