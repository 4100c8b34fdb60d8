"""A trace as a database that can reach nothing else.

Traces come from others, and so may queries: DuckDB gets no access to files, no extensions and no
variables of this process, and its settings are locked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from timeline.errors import MissingExtraError, UsageError
from timeline.query.views import VIEWS
from timeline.trace import Trace

__all__ = ["Database"]

_LOCKED: Mapping[str, str] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",
    "lock_configuration": "true",
}
_PLACE = re.compile(r"\n\s*LINE (\d+): ?(.*)\n( *)\^", re.DOTALL)
_KIND = re.compile(r"^[\w ]+? (?:Error|Exception): ")
_END = 'syntax error at or near "end"'


class Database:
    """The tables of a trace, ``devices``, and the views of :mod:`timeline.query.views`.

    Raises
    ------
    MissingExtraError
        Without DuckDB.
    """

    def __init__(self, trace: Trace) -> None:
        try:
            import duckdb
        except ImportError as error:
            raise MissingExtraError("duckdb", "sql") from error
        self._error = duckdb.Error
        self._connection = duckdb.connect(":memory:", config=dict(_LOCKED))
        for name, table in trace.tables.items():
            self._connection.register(name, table)
        self._connection.register("devices", _devices(trace))
        for name, sql in VIEWS.items():
            self._connection.execute(f"CREATE VIEW {name} AS {sql}")
        self._tables = (*trace.tables, "devices", *VIEWS)

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, sql: str) -> pa.Table:
        """The rows that one statement gives.

        Raises
        ------
        UsageError
            One line that says what is wrong with the statement, and where.
        """
        try:
            statements = self._connection.extract_statements(sql)
            if len(statements) != 1:
                raise UsageError(f"SQL: {len(statements)} statements; give one")
            found = self._connection.sql(sql)
            return pa.table({}) if found is None else found.to_arrow_table()
        except self._error as error:
            raise UsageError(_line(self._pointing(error, sql), sql)) from None

    def _pointing(self, error: Exception, sql: str) -> str:
        """The message with the place that is wrong, which only a statement that is run tells."""
        if _PLACE.search(str(error)):
            return str(error)
        try:
            self._connection.execute(f"EXPLAIN\n{sql}").fetchall()
        except self._error as told:
            found = _PLACE.search(str(told))
            if found and int(found[1]) > 1:
                first, last = found.span(1)
                return f"{str(told)[:first]}{int(found[1]) - 1}{str(told)[last:]}"
        return str(error)

    def tables(self) -> pa.Table:
        """Every table and view with its rows and columns."""
        found = []
        for name in self._tables:
            described = self.ask(f"SELECT column_name FROM (DESCRIBE {name})")
            (rows,) = self.ask(f"SELECT count(*) FROM {name}").column(0).to_pylist()
            columns = ", ".join(described["column_name"].to_pylist())
            found.append({"table": name, "rows": rows, "columns": columns})
        return pa.Table.from_pylist(found)


def _devices(trace: Trace) -> pa.Table:
    fields = ("id", "name", "compute_capability", "sm_count", "copy_engines", "memory_bytes")
    columns: dict[str, list[Any]] = {
        name: [getattr(device, name) for device in trace.meta.devices] for name in fields
    }
    texts = ("name", "compute_capability")
    return pa.table(
        {n: pa.array(v, pa.string() if n in texts else pa.int64()) for n, v in columns.items()}
    )


def _line(message: str, sql: str) -> str:
    """DuckDB's message on one line, with the character that it points at."""
    place = _PLACE.search(message)
    said = message[: place.start()] if place else message
    said = _KIND.sub("", " ".join(said.split()))
    if _END in said:
        said += '; a column of that name is written "end"'
    if place is None:
        return f"SQL: {said}"
    number, shown, blank = int(place[1]), place[2], len(place[3])
    character = _character(sql, number, shown, blank - len(f"LINE {number}: "))
    return f"SQL: line {number}, character {character}: {said}"


def _character(sql: str, number: int, shown: str, column: int) -> int:
    """Where in its line the mark stands, from 1; DuckDB shows long lines in part."""
    lines = sql.split("\n")
    part = shown.removeprefix("...").removesuffix("...")
    cut = len(shown) - len(shown.removeprefix("..."))
    before = lines[number - 1].find(part) if number <= len(lines) else -1
    return max(before, 0) + column - cut + 1
