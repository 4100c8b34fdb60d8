"""Launches of Triton's kernels: host ranges whose arguments name a stream."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from timeline.formats import by_name, open_trace
from timeline.trace import Trace


def document(count: int) -> bytes:
    """Operators and launches by turns, as PyTorch lays them out."""
    events = []
    for number in range(count):
        triton = number % 3 == 1
        more = '"stream": 7, "kernel_backend": "triton", "grid": "grid(4,)", ' if triton else ""
        events.append(
            f"""  {{
    "ph": "X", "cat": "cpu_op", "name": "{"triton_poi_fused_add_0" if triton else "aten::add"}", """
            f""""pid": 5, "tid": 6,
    "ts": {number * 10}.000, "dur": 3.500,
    "args": {{
      "External id": {number},{more}"Record function id": 0, "Ev Idx": {number}
    }}
  }}"""
        )
    return ('{\n  "schemaVersion": 1,\n  "traceEvents": [\n' + ",\n".join(events) + "\n]}").encode()


def test_streams_of_ranges_are_kept(
    read: Callable[..., Trace], plainly: Callable[[], None], rows_of: Callable[[Trace], Any]
) -> None:
    content = document(300)
    assert len(json.loads(content)["traceEvents"]) == 300
    fast = read(content)
    for row in fast.tables["ranges"].to_pylist():
        assert row["stream"] == (7 if row["name"].startswith("triton") else None)
    plainly()
    assert rows_of(read(content)) == rows_of(fast)


def test_they_are_written_too(
    read: Callable[..., Trace], tmp_path: Path, rows_of: Callable[[Trace], Any]
) -> None:
    trace = read(document(12))
    out = tmp_path / "out.json"
    by_name("kineto").write(trace, out)
    assert rows_of(open_trace(out)) == rows_of(trace)
