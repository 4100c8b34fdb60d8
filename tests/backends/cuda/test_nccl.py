"""NCCL through ctypes: what is called, in which order, and what a failure says."""

from __future__ import annotations

from typing import Any

import pytest

from timeline.backends.cuda.nccl_library import NcclLibrary, load_nccl
from timeline.errors import MissingExtraError, UnavailableError


class Function:
    """Stands for a C function; ctypes would set these attributes too."""

    def __init__(self, library: FakeLibrary, name: str) -> None:
        self.library, self.name = library, name
        self.argtypes: list[Any] = []
        self.restype: Any = None

    def __call__(self, *arguments: Any) -> Any:
        self.library.calls.append((self.name, arguments))
        if self.name == "ncclGetErrorString":
            return b"unhandled cuda error"
        if self.name == "ncclGetVersion":
            arguments[0]._obj.value = 22703
        if self.name == "ncclCommInitAll":
            made, count, numbers = arguments
            for index in range(count):
                made[index] = 100 + numbers[index]
        return self.library.status.get(self.name, 0)


class FakeLibrary:
    def __init__(self, **status: int) -> None:
        self.status = status
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self._functions: dict[str, Function] = {}

    def __getattr__(self, name: str) -> Function:
        return self._functions.setdefault(name, Function(self, name))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


def library(**status: int) -> tuple[NcclLibrary, FakeLibrary]:
    fake = FakeLibrary(**status)
    return NcclLibrary(fake), fake  # type: ignore[arg-type]


def test_one_group_over_the_devices() -> None:
    nccl, fake = library()
    members = nccl.init_all([0, 3])
    assert members == [100, 103]
    nccl.all_reduce(members, [0x10, 0x20], 7, [1, 2])
    assert fake.names[1:] == ["ncclGroupStart", "ncclAllReduce", "ncclAllReduce", "ncclGroupEnd"]
    float32, total = 7, 0  # nccl.h
    assert [arguments for name, arguments in fake.calls if name == "ncclAllReduce"] == [
        (0x10, 0x10, 7, float32, total, 100, 1),
        (0x20, 0x20, 7, float32, total, 103, 2),
    ]
    assert nccl.version == "2.27.3"


def test_a_refused_reduction_still_closes_its_group() -> None:
    nccl, fake = library(ncclAllReduce=1)
    with pytest.raises(UnavailableError, match="ncclAllReduce: unhandled cuda error; NCCL_DEBUG"):
        nccl.all_reduce([1], [0], 1, [0])
    assert "ncclGroupEnd" in fake.names


def test_devices_that_cannot_be_connected() -> None:
    nccl, _ = library(ncclCommInitAll=2)
    with pytest.raises(UnavailableError, match="ncclCommInitAll: unhandled cuda error"):
        nccl.init_all([0, 1])


def test_without_nccl_the_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str, mode: int) -> Any:
        raise OSError(name)

    load_nccl.cache_clear()
    monkeypatch.setattr("timeline.backends.cuda.nccl_library.ctypes.CDLL", missing)
    with pytest.raises(MissingExtraError, match=r"NCCL .* pip install 'cuda-timeline\[nccl\]'"):
        load_nccl()


def test_the_installed_nccl_has_what_is_used() -> None:
    load_nccl.cache_clear()
    try:
        nccl = load_nccl()
    except MissingExtraError as error:
        pytest.skip(str(error))
    assert nccl.version.startswith("2.")
