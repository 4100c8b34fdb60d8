"""Tests marked ``gpu`` run where a GPU can be used; ``ui/conftest.py`` finds the browser."""

from __future__ import annotations

import sys
from functools import cache
from importlib import util
from pathlib import Path
from types import ModuleType

import pytest

from timeline.backends import why_not_cuda


@cache
def no_gpu() -> str | None:
    return why_not_cuda()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("gpu") and (reason := no_gpu()):
        pytest.skip(reason)


@pytest.fixture(scope="session")
def fake_cuda_module() -> ModuleType:
    """``tests/backends/cuda/fake_cuda.py``; skips without cuda-bindings."""
    pytest.importorskip("cuda.bindings")
    path = Path(__file__).parent / "backends" / "cuda" / "fake_cuda.py"
    spec = util.spec_from_file_location("fake_cuda", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["fake_cuda"] = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
