"""Tests marked ``gpu`` run where a GPU can be used; ``ui/conftest.py`` finds the browser."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from importlib import util
from pathlib import Path
from types import ModuleType

import pytest

from timeline.backends import why_not_cuda


@cache
def no_gpu() -> str | None:
    return why_not_cuda()


@cache
def gpus() -> int:
    """Devices that this process can use."""
    if no_gpu():
        return 0
    from timeline.backends.cuda.api import load_api
    from timeline.backends.cuda.presence import device_count

    return device_count(load_api())


def pytest_runtest_setup(item: pytest.Item) -> None:
    marker = item.get_closest_marker("gpu")
    if marker and (reason := no_gpu()):
        pytest.skip(reason)
    if marker:
        skip_below(marker.kwargs.get("devices", 1))


def skip_below(wanted: int) -> None:
    if (count := gpus()) < wanted:
        pytest.skip(f"needs {wanted} GPUs, there {'is' if count == 1 else 'are'} {count}")


@pytest.fixture
def skip_below_gpus() -> Callable[[int], None]:
    """Skip the test where there are fewer GPUs than it turns out to need."""
    return skip_below


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
