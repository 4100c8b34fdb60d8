"""Which backend is opened, and why."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from typing import Any

import pytest

from timeline.backends import choice, open_backend, why_not_cuda
from timeline.backends.cuda import presence
from timeline.errors import MissingExtraError, NoGpuError, UsageError


def test_auto_is_the_simulator_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "why_not_cuda", lambda: "no NVIDIA driver")
    assert open_backend().name == "sim"
    assert open_backend("auto", collector="cupti").name == "sim"
    with pytest.raises(NoGpuError, match="no NVIDIA driver; run on a machine with a GPU"):
        open_backend("cuda")


def test_auto_is_the_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "why_not_cuda", lambda: None)
    assert open_backend().name == "cuda"
    assert open_backend("cuda", collector="events").name == "cuda"
    assert open_backend("sim").name == "sim"


def test_another_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no backend named 'cudo'; did you mean 'cuda'"):
        open_backend("cudo")


def test_the_reason_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> Any:
        raise OSError("libcuda.so.1: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert why_not_cuda() == "no NVIDIA driver (libcuda.so.1 was not found)"


def test_a_driver_without_bindings_or_devices(
    monkeypatch: pytest.MonkeyPatch, fake_cuda_module: Any
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: None)
    fake = fake_cuda_module.FakeCuda(devices=0)
    monkeypatch.setattr(presence, "load_api", lambda: fake.api)
    assert why_not_cuda() == "the NVIDIA driver sees no device"
    fake.devices = 1
    assert why_not_cuda() is None
    fake.fail["cuInit"] = 803
    reason = why_not_cuda()
    assert reason is not None
    assert "nvidia-smi" in reason

    def absent() -> Any:
        raise MissingExtraError("cuda.bindings", "cuda13")

    monkeypatch.setattr(presence, "load_api", absent)
    assert "pip install 'cuda-timeline[cuda13]'" in (why_not_cuda() or "")


def test_asking_imports_nothing_heavy() -> None:
    code = (
        "import sys; from timeline.backends import why_not_cuda; why_not_cuda();"
        "print(sorted(m for m in ('cupy', 'numpy', 'pyarrow', 'rich') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
