"""Files and their tables, to compare."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from timeline.formats import ImportOptions, open_trace
from timeline.formats.kineto import lines
from timeline.trace import Trace

DATA = Path(__file__).parents[2] / "data" / "kineto"

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def data() -> Path:
    return DATA


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Trace]:
    """Reads events, a document or bytes as a file."""

    def read(content: Any, options: ImportOptions | None = None, **layout: Any) -> Trace:
        if not isinstance(content, bytes):
            content = json.dumps(content, **layout).encode()
        path = tmp_path / "trace.json"
        path.write_bytes(content)
        return open_trace(path, options)

    return read


@pytest.fixture
def rows_of() -> Callable[[Trace], Rows]:
    """All rows of all tables, in an order of their own."""

    def rows(table: pa.Table) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = table.to_pylist()
        return sorted(found, key=lambda row: tuple(map(str, row.values())))

    return lambda trace: {name: rows(table) for name, table in trace.tables.items()}


@pytest.fixture
def plainly(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Switches the fast reader off."""

    def switch() -> None:
        monkeypatch.setattr(lines, "OPENS", b"\n  {\0")

    return switch
