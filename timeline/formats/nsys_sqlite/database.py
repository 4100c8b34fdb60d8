"""A SQLite file of somebody else, opened so that it can do no harm.

Read-only and immutable: nothing is written beside it, and no journal of another program is replayed
into it. Only tables are read, never views; triggers don't run as nothing is written; no extension
loads; an authorizer refuses whatever isn't reading a table of this file; a statement ends when the
import's time is over, whatever it computes.
"""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from timeline.errors import TraceError, shortened
from timeline.formats.intake import Intake
from timeline.limits import more

__all__ = ["MAGIC", "Database", "Table", "quoted"]

MAGIC = b"SQLite format 3\0"

_MOST_TABLES = 5_000
_MOST_COLUMNS = 2_000
_MOST_SQL = 1 << 20
"""Bytes of the longest statement, also of one in the schema."""
_INSTRUCTIONS = 100_000
"""Of SQLite's machine between two looks at the clock: some milliseconds."""
_INT32 = 2**31 - 1
_FAILURES = (sqlite3.Error, OverflowError, UnicodeDecodeError)
"""What Python's module raises; the last where SQLite's message quotes bytes of the file."""
_READING = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ)
_NAMED = {
    sqlite3.SQLITE_PRAGMA: ("table_xinfo",),
    sqlite3.SQLITE_FUNCTION: ("count",),
}
"""What is allowed besides reading, by name."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the file.

    Attributes
    ----------
    root : int
        Its root page.
    columns : mapping of str to str
        Declared type of each column, in their order.
    has_rowids : bool
        False when it is stored as an index is.
    stored : frozenset of str
        Columns whose values are in the rows, each at its place; none when some are generated.
    """

    name: str
    root: int
    columns: Mapping[str, str]
    has_rowids: bool
    stored: frozenset[str]


class Database:
    """A SQLite file opened for reading; use it in a ``with`` statement.

    Parameters
    ----------
    intake : Intake
        Names the file, and the longest value and the time that are allowed.

    Raises
    ------
    TraceError
        When it is no SQLite database, is damaged, or has changes that were not written to it yet.

    Attributes
    ----------
    tables : mapping of str to Table
        The ordinary tables.
    views : frozenset of str
        Names of what is no table, but is read as one is.
    """

    def __init__(self, intake: Intake) -> None:
        self.path = path = intake.path
        self._intake = intake
        _check_complete(path)
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        try:
            self._connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        except sqlite3.Error as error:
            raise TraceError(f"{path}: can't be opened: {error}") from error
        try:
            self._restrict()
            self.tables, self.views = self._named()
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._connection.close()

    def query(self, sql: str, *values: object) -> sqlite3.Cursor:
        """Rows of a statement that reads.

        Raises
        ------
        TraceError
            When the file is damaged.
        """
        try:
            return self._connection.execute(sql, values)
        except _FAILURES as error:
            raise self.damaged(error) from error

    def fetch(self, cursor: sqlite3.Cursor, most: int) -> list[tuple[object, ...]]:
        """The next rows of a query, at most ``most``."""
        try:
            return cursor.fetchmany(most)
        except _FAILURES as error:
            raise self.damaged(error) from error

    def damaged(self, error: Exception) -> TraceError:
        """The error for what SQLite, or we, could not read."""
        if self._intake.late:
            return self._intake.error("a statement", self._intake.too_long)
        if isinstance(error, sqlite3.DataError):
            most = self._intake.options.limits.event_bytes
            return self._intake.error("a value", f"more than {most:,} bytes; {more('event_bytes')}")
        return TraceError(f"{self.path}: damaged SQLite file ({shortened(error)}); export it again")

    def _restrict(self) -> None:
        connection = self._connection
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        longest = min(max(self._intake.options.limits.event_bytes, _MOST_SQL), _INT32)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, longest)
        connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, _MOST_SQL)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.setlimit(sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 50)
        connection.setlimit(sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 1)
        connection.set_progress_handler(lambda: self._intake.late, _INSTRUCTIONS)
        if sys.version_info >= (3, 12):
            connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
        self.query("PRAGMA trusted_schema = OFF")
        self.query("PRAGMA cell_size_check = ON")
        connection.set_authorizer(_authorize)

    def _named(self) -> tuple[dict[str, Table], frozenset[str]]:
        """The tables, and the names of views and virtual tables."""
        sql = "SELECT name, rootpage, sql FROM sqlite_master WHERE type IN ('table', 'view')"
        with closing(self.query(sql)) as cursor:
            rows = self.fetch(cursor, _MOST_TABLES + 1)
        if len(rows) > _MOST_TABLES:
            raise TraceError(f"{self.path}: more than {_MOST_TABLES:,} tables: not nsys's")
        found, views = {}, set()
        for name, root, text in rows:
            if isinstance(name, str) and isinstance(root, int) and root > 0:
                found[name] = self._table(name, root, str(text))
            else:
                views.add(str(name))
        return found, frozenset(views)

    def _table(self, name: str, root: int, sql: str) -> Table:
        with closing(self.query(f"PRAGMA table_xinfo({quoted(name)})")) as cursor:
            rows = self.fetch(cursor, _MOST_COLUMNS + 1)
        if len(rows) > _MOST_COLUMNS:
            raise TraceError(f"{self.path}: table {name}: more than {_MOST_COLUMNS:,} columns")
        columns = {str(row[1]): str(row[2]).upper() for row in rows}
        stored = frozenset(
            str(name) for _, name, kind, _, _, key, _ in rows if not (key and kind == "INTEGER")
        )
        if any(hidden for *_, hidden in rows):
            stored = frozenset()
        has_rowids = not re.search(r"\bWITHOUT\s+ROWID\b", sql, re.IGNORECASE)
        return Table(name, root, columns, has_rowids, stored)


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _authorize(
    action: int, first: str | None, second: str | None, _: str | None, source: str | None
) -> int:
    """Allow reading tables, and what is done here; nothing on behalf of a view or a trigger."""
    name = second if action == sqlite3.SQLITE_FUNCTION else first
    known = action in _READING or name in _NAMED.get(action, ())
    return sqlite3.SQLITE_OK if known and source is None else sqlite3.SQLITE_DENY


def _check_complete(path: Path) -> None:
    """Refuse a file that is none of SQLite's, or to which another program has still to write."""
    try:
        with path.open("rb") as file:
            head = file.read(len(MAGIC))
    except OSError as error:
        raise TraceError(f"{path}: can't be read: {error.strerror or error}") from error
    if head != MAGIC:
        raise TraceError(f"{path}: not a SQLite database; export one with: nsys export -t sqlite")
    for end in ("-wal", "-journal"):
        beside = path.with_name(path.name + end)
        if beside.is_file() and beside.stat().st_size:
            raise TraceError(
                f"{path}: {beside.name} holds changes that are not in it yet; end the program that "
                "writes it, or export it again"
            )
