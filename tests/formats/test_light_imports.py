"""Reading and writing files of others loads no package that they don't need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.nsys_import import made
from timeline.formats import writer

CODE = """
import sys
from pathlib import Path
from timeline.formats import open_trace
trace = open_trace(Path(sys.argv[1]))
assert trace.rows("activities") == 60
print(*{"pandas", "pyarrow.dataset", "rich", "duckdb"} & sys.modules.keys())
"""


@pytest.mark.parametrize(
    ("form", "file"),
    [("kineto", "x.json"), ("nsys_sqlite", "x.sqlite"), ("perfetto", "x.perfetto-trace")],
)
def test_a_file_is_read_without_pandas(tmp_path: Path, form: str, file: str) -> None:
    """Arrow's conversions of NumPy arrays import it wherever it is installed."""
    writer(form).write(made(50), tmp_path / file)
    command = [sys.executable, "-c", CODE, str(tmp_path / file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
