"""What fuzzing found, as files: read into a trace, or refused in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from timeline.errors import TraceError
from timeline.formats import ImportOptions, open_trace
from tools.fuzzing.targets import LIMITS

FINDS = [
    path
    for path in sorted((Path(__file__).parents[1] / "data" / "fuzz").iterdir())
    if path.suffix != ".md"
]


@pytest.mark.parametrize("path", FINDS, ids=lambda path: path.name)
@pytest.mark.parametrize("lenient", [False, True])
def test_a_find_breaks_nothing_any_more(path: Path, lenient: bool) -> None:
    try:
        trace = open_trace(path, ImportOptions(lenient, LIMITS))
    except TraceError as error:
        words = str(error)
        assert words.startswith(str(path)) and "\n" not in words and len(words) < 2000  # noqa: PT018
        return
    for table in trace.tables.values():
        table.validate(full=True)


def test_an_error_does_not_quote_a_long_text_whole(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    own = {"meta": {"format": "timeline-trace", "version": 1, "source": "x"}}
    beside = {"streams": {"stream": ["n" * 70_000]}}
    document = {"traceEvents": [], "timeline": {**own, "tables": beside}}
    path.write_text(json.dumps(document))
    with pytest.raises(TraceError) as caught:
        open_trace(path)
    assert 100 < len(str(caught.value)) < 1000 + len(str(path))
