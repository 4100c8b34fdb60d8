"""The native store: a folder of Parquet files and ``meta.json``.

::

    meta.json                     Meta.to_json(), "ended", and of each table the rows in all and
                                  the CRC-32 of every part: a damaged part is never read; "first"
                                  is the number of the first part, where older ones were dropped
    activities/part-00000.parquet one file a part; a table without rows has no folder
    activities/part-00001.parquet
    calls/part-00000.parquet ...

Any Arrow tool opens it, for example ``duckdb -c "from 'trace/activities/*.parquet'"``. A part holds
the columns of :data:`timeline.trace.TABLES` that aren't null throughout. :func:`save` writes one
part a table and puts the folder in place as a whole; :class:`TraceWriter` adds parts while
recording. :func:`load` also takes a zip of the folder, however it was packed.
"""

from __future__ import annotations

import dataclasses
import json
import os
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from timeline.errors import TraceError, shortened, unknown
from timeline.limits import Limits, more
from timeline.trace.children import CHILDREN, children
from timeline.trace.files import checked_target, replacing
from timeline.trace.kept import Kept
from timeline.trace.meta import Meta
from timeline.trace.model import Trace
from timeline.trace.parts import Part, row_bytes
from timeline.trace.schema import TABLES
from timeline.trace.source import MAX_META_BYTES, META, Source, opened
from timeline.trace.stored import StoredTable, StoredTables
from timeline.trace.writer import (
    Contents,
    TraceWriter,
    encoded,
    part_name,
    write_meta,
    write_parts,
)

__all__ = ["TraceWriter", "about", "load", "save"]


def save(trace: Trace, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Write ``trace`` to the folder ``path``, whole or not at all.

    Parameters
    ----------
    overwrite : bool
        Replace a trace that is already there; nothing but a trace is ever replaced.

    Raises
    ------
    OutputError
        When the place can't be written, or something is there.
    """
    target = checked_target(path, overwrite)
    with replacing(target, overwrite=overwrite) as folder:
        contents = write_parts(folder, encoded(trace.tables), {})
        write_meta(folder, trace.meta, contents, ended=True)
    return target


def load(
    path: str | os.PathLike[str],
    *,
    tables: Iterable[str] | None = None,
    limits: Limits | None = None,
) -> Trace:
    """Open the trace at ``path``, a native folder or a zip of one.

    Every part is read and held against its checksum; a large table's columns are decoded when they
    are asked for.

    Parameters
    ----------
    tables : iterable of str, optional
        Tables to read, the others stay empty; by default all.
    limits : Limits, optional
        The most to take; by default what the environment says.

    Raises
    ------
    TraceError
        When there is no trace, it is truncated or damaged, or written by a newer version.
    UsageError
        For a table that does not exist.
    """
    wanted = list(TABLES) if tables is None else list(tables)
    for name in wanted:
        if name not in TABLES:
            raise unknown("table", name, TABLES)
    limits = limits if limits is not None else Limits().raised()
    source = opened(Path(path), limits)
    meta, contents = _head(source, Path(path))
    _check_sizes(contents, source.place(META), limits)
    found, left = {}, limits.memory_bytes
    for name in wanted:
        if name in contents:
            found[name] = _stored(source, name, contents[name], left)
            left -= found[name].rows * row_bytes(TABLES[name])
    return Trace(meta, StoredTables(found))


def about(path: str | os.PathLike[str]) -> tuple[Meta, dict[str, int]]:
    """What the trace at ``path`` says of itself, and the rows of its tables, without reading any.

    Raises
    ------
    TraceError
        When there is no trace, or its ``meta.json`` is damaged.
    """
    meta, contents = _head(opened(Path(path), Limits().raised()), Path(path))
    return meta, {name: held.rows for name, held in contents.items()}


def _head(source: Source, path: Path) -> tuple[Meta, dict[str, Contents]]:
    content = _meta_content(source)
    meta = Meta.from_json(content, source.place(META))
    if content.get("ended") is not True:
        meta = meta.of(dataclasses.replace(meta.kept or Kept(), ended=False))
    beside = children(path)
    if beside:
        meta = dataclasses.replace(meta, notes=(*dict.fromkeys((*meta.notes, _beside(beside))),))
    return meta, _contents(content.get("tables"), source.place(META))


def _beside(traces: list[Path]) -> str:
    return (
        f"Of the processes that it started, {len(traces)} have traces of their own, in {CHILDREN}/ "
        f"beside this one: {', '.join(one.name for one in traces[:8])}"
        f"{', …' if len(traces) > 8 else ''}."
    )


def _meta_content(source: Source) -> Any:
    raw = source.read(META, MAX_META_BYTES)
    try:
        return json.loads(raw.to_pybytes())
    except (ValueError, RecursionError) as error:
        raise TraceError(
            f"{source.place(META)}: not JSON ({shortened(error)}); copy the trace again"
        ) from error


def _contents(value: Any, place: str) -> dict[str, Contents]:
    """What each table holds; tables that only a newer version knows are left aside."""
    try:
        return {
            name: Contents(
                int(held["rows"]),
                tuple(int(crc) for crc in held["crc32"]),
                int(held.get("first", 0)),
            )
            for name, held in value.items()
            if name in TABLES
        }
    except (AttributeError, TypeError, KeyError, ValueError, OverflowError):
        raise TraceError(f"{place}: 'tables' is malformed; copy the trace again") from None


def _check_sizes(contents: dict[str, Contents], place: str, limits: Limits) -> None:
    """Refuse what says itself that it is too large."""
    if sum(held.rows for held in contents.values()) > limits.rows:
        raise TraceError(f"{place}: more than {limits.rows:,} rows; {more('rows')}")
    if sum(len(held.crc32) for held in contents.values()) > limits.members:
        raise TraceError(f"{place}: more than {limits.members:,} parts; {more('members')}")


def _stored(source: Source, name: str, held: Contents, max_bytes: int) -> StoredTable:
    """A table whose parts are what was written; nothing of it is decoded yet."""
    parts = []
    for index, crc in enumerate(held.crc32, held.first):
        member = part_name(name, index)
        raw, place = source.read(member, max_bytes), source.place(member)
        if zlib.crc32(raw) != crc:
            raise TraceError(f"{place}: truncated or damaged; copy the trace again")
        parts.append(Part(raw, name, place, max_bytes))
        max_bytes -= parts[-1].bytes
    found = StoredTable(name, parts)
    if found.rows != held.rows:
        raise TraceError(
            f"{source.place(name)}: holds {found.rows} rows instead of {held.rows}; "
            "copy the trace again"
        )
    return found
