"""``import timeline``: what it offers, and what it costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import timeline

SOURCE = Path(timeline.__file__)
HEAVY = ("numpy", "pyarrow", "rich", "cupy", "plotly", "streamlit", "nvtx", "argparse")


def typed_names() -> set[str]:
    """Names that type checkers see: those imported under ``TYPE_CHECKING``."""
    guard = next(n for n in ast.parse(SOURCE.read_text()).body if isinstance(n, ast.If))
    return {
        alias.asname or alias.name
        for node in guard.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_all_is_sorted_and_typed() -> None:
    assert timeline.__all__ == sorted(timeline.__all__)
    assert set(timeline.__all__) == typed_names()


def test_all_equals_the_public_names() -> None:
    hidden = {"annotations", "import_module", "sys", "Any", "ModuleType", "TYPE_CHECKING"}
    parts = {p.stem for p in SOURCE.parent.iterdir()}
    # pytest rewrites the package of its plugin where it is found by path, and adds names with @
    public = {name for name in dir(timeline) if not name.startswith(("_", "@"))} - hidden
    assert set(timeline.__all__) == public - (parts - set(timeline.__all__))


@pytest.mark.parametrize("name", timeline.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert callable(getattr(timeline, name))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = timeline.nothing


def test_a_submodule_does_not_hide_the_function_of_its_name() -> None:
    code = (
        "import timeline.record, timeline.report, timeline;"
        "from timeline.record import record; from timeline.report import report;"
        "assert timeline.record is record and timeline.report is report"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_import_is_light() -> None:
    code = f"import sys, timeline; print(*(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []
