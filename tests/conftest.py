"""Tests marked ``gpu`` run where a GPU can be used; ``ui/conftest.py`` finds the browser."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import cache
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from timeline.backends import why_not_cuda
from timeline.trace import Device, Meta, Trace, table

DATA = Path(__file__).parent / "data"


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
def hostile_names() -> dict[str, list[str]]:
    """Texts made to be taken for something else: ``xss``, ``terminal`` and other ``text``."""
    found: dict[str, list[str]] = json.loads((DATA / "hostile" / "names.json").read_text())
    return found


@pytest.fixture(scope="session")
def named_trace() -> Callable[[list[str]], Trace]:
    """A trace of names, which stand in every place that holds one."""
    return _named


def _named(names: list[str]) -> Trace:
    count = len(names)
    start = np.arange(count) * 10_000
    place = {"device": np.arange(count) % 2, "stream": 7 + np.arange(count) % 3}
    span = {"start": start, "end": start + 4_000}
    thread = {"process": np.ones(count, np.int64), "thread": np.arange(count) % 2}
    ids = {"correlation": np.arange(1, count + 1)}
    kinds = ["kernel", "memcpy", "kernel", "memset"]
    engines = ["SM", "H2D", "SM", "MEMSET"]
    work = {
        "kind": [kinds[i % 4] for i in range(count)],
        "engine": [engines[i % 4] for i in range(count)],
    }
    tables: dict[str, dict[str, Any]] = {
        "activities": {**work, "name": names, **span, **place, **ids, "process": thread["process"]},
        "calls": {"name": names, "start": start - 3000, "end": start - 10, **thread, **ids},
        "ranges": {
            **dict.fromkeys(("name", "domain", "category", "payload"), names),
            "kind": ["push_pop"] * count,
            "start": start - 4000,
            "end": start + 5000,
            **thread,
        },
        "streams": {**place, "name": names, "kind": ["blocking"] * count},
        "stamps": {
            **ids,
            **span,
            "device": place["device"],
            "role": names,
            "block": place["device"],
        },
        "collectives": {"name": names, **span, **place, **ids, "group": names, "dtype": names},
    }
    meta = Meta(
        "cupti",
        devices=(Device(0, names[0]), Device(1, names[1])),
        labels=dict(zip(names, names, strict=True)),
        provenance=dict(zip(names, names, strict=True)),
        notes=tuple(names),
        dropped=3,
    )
    return Trace.from_tables(meta, {name: table(name, rows) for name, rows in tables.items()})


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
