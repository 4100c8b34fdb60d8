"""Raw CUPTI buffers, written as the library would."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from timeline.backends.cuda.cupti.decoder import Decoder
from timeline.backends.cuda.cupti.layouts import Layout, layout_for
from timeline.backends.cuda.cupti.names import FunctionNames

Bytes = npt.NDArray[np.uint8]
Record = tuple[int, Mapping[str, Any]]

VERSION = 130001
EXTRA_BYTES = 16


class FakeLibrary:
    """Names callbacks; everything else of libcupti is not needed to decode."""

    def callback_name(self, domain: int, callback: int) -> str | None:
        names = {
            (1, 307): "cuLaunchKernel",
            (1, 30): "cuMemcpyHtoD_v2_ptds",
            (2, 211): "cudaLaunchKernel_v7000",
            (2, 131): "cudaStreamSynchronize_v3020",
        }
        return names.get((domain, callback))


class Writer:
    """Writes records end to end.

    Parameters
    ----------
    grown : mapping
        Kind to bytes that the library's records have beyond the layout's.
    """

    def __init__(self, layout: Layout, grown: Mapping[int, int] | None = None) -> None:
        self._layout = layout
        self._grown = dict(grown or {})

    def size(self, kind: int) -> int:
        known = self._layout.records.get(kind)
        return (known.itemsize if known is not None else 0) + self._grown.get(kind, 0)

    def buffer(self, records: Iterable[Record]) -> Bytes:
        return np.frombuffer(b"".join(self._bytes(*r) for r in records), np.uint8)

    def _bytes(self, kind: int, fields: Mapping[str, Any]) -> bytes:
        dtype = self._layout.records.get(kind)
        if dtype is None:
            head = np.array([kind], np.int32).tobytes()
            return head.ljust(self.size(kind), b"\xaa")
        record = np.zeros(1, dtype)
        record["kind"] = kind
        for name, value in fields.items():
            record[name] = value
        return record.tobytes() + b"\xaa" * self._grown.get(kind, 0)

    def following(self, buffer: Bytes) -> Callable[[int], int | None]:
        def next_record(offset: int) -> int | None:
            kind = int(buffer[offset : offset + 4].view(np.int32)[0])
            found = offset + self.size(kind)
            return found if found < len(buffer) else None

        return next_record


@pytest.fixture
def layout() -> Layout:
    return layout_for(VERSION)


@pytest.fixture
def writer(layout: Layout) -> Writer:
    return Writer(layout)


@pytest.fixture
def decoder(layout: Layout) -> Decoder:
    return Decoder(layout, FunctionNames(FakeLibrary()), began=0)  # type: ignore[arg-type]


@pytest.fixture
def decode(decoder: Decoder, writer: Writer) -> Callable[..., dict[str, Any]]:
    """Decode buffers of records: one list of records a buffer."""

    def run(*buffers: Iterable[Record], last: bool = True, now: int = 10**9) -> dict[str, Any]:
        raw = [writer.buffer(records) for records in buffers]
        return decoder.tables([(b, writer.following(b)) for b in raw], now=now, last=last)

    return run


@pytest.fixture
def writer_with() -> type[Writer]:
    return Writer
