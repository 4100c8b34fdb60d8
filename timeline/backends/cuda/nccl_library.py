"""The few calls of NCCL that an all-reduce over the devices of one process needs.

Through ctypes, as the calls are few, their ABI has not changed since NCCL 2.0, and so no other
package has to be built against the library that happens to be installed. The GIL is released in
every call. What NCCL reads from the environment (``NCCL_NVLS_ENABLE``, ``NCCL_DEBUG``, ...) holds.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

from timeline.errors import MissingExtraError, UnavailableError

__all__ = ["Nccl", "NcclLibrary", "load_nccl"]

_SONAME = "libnccl.so.2"
_WHEEL = f"nvidia/nccl/lib/{_SONAME}"
_FLOAT32 = 7  # ncclFloat32
_SUM = 0  # ncclSum

_Communicator = ctypes.c_void_p


class Nccl(Protocol):
    """What is used of NCCL. A communicator is a number."""

    def init_all(self, devices: Sequence[int]) -> list[int]:
        """``ncclCommInitAll``: a communicator for each device."""
        ...

    def destroy(self, communicator: int) -> None:
        """``ncclCommDestroy``; errors are ignored, as the context may be lost."""
        ...

    def all_reduce(
        self,
        communicators: Sequence[int],
        addresses: Sequence[int],
        count: int,
        streams: Sequence[int],
    ) -> None:
        """``ncclAllReduce`` of ``count`` float32, in place, of all devices as one group."""
        ...


class NcclLibrary:
    """A loaded libnccl.

    Parameters
    ----------
    library : ctypes.CDLL
        Its functions get their argument types here.
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        library.ncclGetErrorString.restype = ctypes.c_char_p
        library.ncclCommDestroy.argtypes = [_Communicator]
        library.ncclAllReduce.argtypes = [
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_size_t,
            ctypes.c_int,
            ctypes.c_int,
            _Communicator,
            ctypes.c_void_p,
        ]

    @property
    def version(self) -> str:
        """Such as ``2.27.3``."""
        found = ctypes.c_int(0)
        self._check(self._library.ncclGetVersion(ctypes.byref(found)), "ncclGetVersion")
        return f"{found.value // 10_000}.{found.value // 100 % 100}.{found.value % 100}"

    def init_all(self, devices: Sequence[int]) -> list[int]:
        """See :meth:`Nccl.init_all`."""
        count = len(devices)
        made, numbers = (_Communicator * count)(), (ctypes.c_int * count)(*devices)
        self._check(self._library.ncclCommInitAll(made, count, numbers), "ncclCommInitAll")
        return [int(handle or 0) for handle in made]

    def destroy(self, communicator: int) -> None:
        """See :meth:`Nccl.destroy`."""
        self._library.ncclCommDestroy(communicator)

    def all_reduce(
        self,
        communicators: Sequence[int],
        addresses: Sequence[int],
        count: int,
        streams: Sequence[int],
    ) -> None:
        """See :meth:`Nccl.all_reduce`."""
        library = self._library
        self._check(library.ncclGroupStart(), "ncclGroupStart")
        first = 0
        for member, address, stream in zip(communicators, addresses, streams, strict=True):
            status = library.ncclAllReduce(address, address, count, _FLOAT32, _SUM, member, stream)
            first = first or status
        ended = library.ncclGroupEnd()  # also after an error: the group would stay open
        self._check(first or ended, "ncclAllReduce")

    def _check(self, status: int, doing: str) -> None:
        if status:
            why = self._library.ncclGetErrorString(status).decode()
            raise UnavailableError(f"{doing}: {why}; NCCL_DEBUG=WARN in the environment says more")


@cache
def load_nccl() -> NcclLibrary:
    """Load libnccl: what is loaded already, then the wheel ``nvidia-nccl``, then the system's.

    Raises
    ------
    MissingExtraError
        When there is none.
    """
    for name, mode in _candidates():
        try:
            return NcclLibrary(ctypes.CDLL(name, mode))
        except (OSError, AttributeError):  # not there, or no NCCL
            continue
    raise MissingExtraError(f"NCCL ({_SONAME})", "nccl")


def _candidates() -> Iterator[tuple[str, int]]:
    yield _SONAME, os.RTLD_NOW | os.RTLD_NOLOAD
    for folder in sys.path:
        path = Path(folder or ".", _WHEEL)
        if path.is_file():
            yield str(path.resolve()), os.RTLD_NOW
    yield _SONAME, os.RTLD_NOW
