"""Writing a trace part by part, so that a killed recording leaves a trace."""

from __future__ import annotations

import dataclasses
import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from timeline.errors import OutputError, TraceError
from timeline.trace.files import as_output_error, checked_target, replacing, write_file
from timeline.trace.kept import Kept
from timeline.trace.meta import Meta
from timeline.trace.parts import part_bytes
from timeline.trace.ring import Part, Ring
from timeline.trace.schema import TABLES
from timeline.trace.source import META

__all__ = ["Contents", "TraceWriter", "encoded", "part_name", "write_meta", "write_parts"]


@dataclass(frozen=True, slots=True)
class Contents:
    """What ``meta.json`` says of a table: its rows in all, and the checksum of each part.

    ``first`` is the number of the first part.
    """

    rows: int = 0
    crc32: tuple[int, ...] = ()
    first: int = 0

    @property
    def next(self) -> int:
        """Number of the next part."""
        return self.first + len(self.crc32)

    def without(self, rows: int) -> Contents:
        """Without the first part, which has ``rows`` rows."""
        return Contents(self.rows - rows, self.crc32[1:], self.first + 1)


class Encoded(NamedTuple):
    """Rows of a table as the bytes of a part."""

    rows: int
    data: pa.Buffer


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
    max_bytes : int, optional
        The most that the parts may take: the oldest are dropped for newer ones, but never the
        newest. While a part is written its bytes come on top.

    Raises
    ------
    OutputError
        When the place can't be written, or something is there.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        meta: Meta | None = None,
        max_bytes: int | None = None,
    ) -> None:
        self.path = checked_target(path, overwrite)
        self._meta = meta or Meta("unknown")
        self._contents: dict[str, Contents] = {}
        self._ring = Ring(max_bytes)
        self._closed = False
        with replacing(self.path, overwrite=overwrite) as folder:
            write_meta(folder, self._meta.of(Kept()), self._contents, ended=False)

    def append(
        self,
        tables: Mapping[str, pa.Table],
        *,
        renewed: Mapping[str, pa.Table] | None = None,
        until_ns: int = 0,
        meta: Meta | None = None,
    ) -> None:
        """Write one part: rows of any of the tables. It counts as a whole or not at all.

        Parameters
        ----------
        renewed : mapping of str to pyarrow.Table, optional
            Tables that take the place of what was written of them before.
        until_ns : int
            When what the part holds had come to its end, ns after the trace's time 0.
        meta : Meta, optional
            What is known by now.

        Raises
        ------
        TraceError
            For an unknown table, or columns that are not the schema's.
        OutputError
            When it can't be written, for example on a full disk.
        """
        self._check_open()
        renewed = renewed or {}
        for name, rows in (*tables.items(), *renewed.items()):
            if name not in TABLES:
                raise TraceError(f"no table named {name!r} in a trace")
            if rows.schema != TABLES[name]:
                raise TraceError(f"table {name!r} has other columns than the schema's")
        with as_output_error(self.path):
            self._write(encoded(tables), encoded(renewed), until_ns, meta or self._meta)

    def _write(
        self, part: Mapping[str, Encoded], renewed: Mapping[str, Encoded], until_ns: int, meta: Meta
    ) -> None:
        new = Part(
            {name: one.rows for name, one in part.items()},
            sum(one.data.size for one in part.values()),
            until_ns,
        )
        ring, dropped = self._ring.after(new)
        contents = write_parts(self.path, {**part, **renewed}, self._contents)
        gone = []
        for old in dropped:
            for name, rows in old.rows.items():
                gone.append(part_name(name, contents[name].first))
                contents[name] = contents[name].without(rows)
        for name, one in renewed.items():
            held = contents[name]
            gone += [part_name(name, number) for number in range(held.first, held.next - 1)]
            contents[name] = Contents(one.rows, held.crc32[-1:], held.next - 1)
        write_meta(self.path, meta.of(ring.kept), contents, ended=False)
        self._contents, self._ring, self._meta = contents, ring, meta
        for member in gone:  # only now, as the last meta.json still listed them
            (self.path / member).unlink(missing_ok=True)

    @property
    def kept(self) -> Kept:
        """What is in the folder so far."""
        return self._ring.kept

    def close(self, meta: Meta | None = None, *, why: str = "") -> Meta:
        """Write the final ``meta.json``, by default with the Meta known so far.

        Parameters
        ----------
        why : str
            What kept the recording from going on to its end, if something did.

        Returns
        -------
        Meta
            What was written, with how much of the recording is here.
        """
        self._check_open()
        kept = dataclasses.replace(self.kept, ended=not why, why=why)
        final = (meta or self._meta).of(kept)
        with as_output_error(self.path):
            write_meta(self.path, final, self._contents, ended=not why)
        self._closed = True
        return final

    def _check_open(self) -> None:
        if self._closed:
            raise OutputError(f"{self.path}: the recording has ended; make another TraceWriter")


def encoded(tables: Mapping[str, pa.Table]) -> dict[str, Encoded]:
    """The tables that have rows, as the bytes of parts."""
    return {
        name: Encoded(rows.num_rows, part_bytes(rows))
        for name, rows in tables.items()
        if rows.num_rows
    }


def write_parts(
    folder: Path, parts: Mapping[str, Encoded], before: Mapping[str, Contents]
) -> dict[str, Contents]:
    """Write the next part of each table, all or none; returns what the tables then hold."""
    contents, written = dict(before), []
    try:
        for name, (rows, data) in parts.items():
            known = contents.get(name, Contents())
            target = folder / part_name(name, known.next)
            target.parent.mkdir(exist_ok=True)
            write_file(target, data)
            written.append(target)
            crc32 = (*known.crc32, zlib.crc32(data))
            contents[name] = Contents(known.rows + rows, crc32, known.first)
    except BaseException:
        for target in written:
            target.unlink(missing_ok=True)
        raise
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
