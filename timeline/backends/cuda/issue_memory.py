"""Allocation: ``cudaMalloc``, stream-ordered allocation, and the pool."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from timeline.backends.cuda.issuer import Issuer, in_stream, located
from timeline.backends.cuda.stage import Issue
from timeline.program import Free, FreeAsync, Malloc, MallocAsync, SetReleaseThreshold, Span


def _allocating(at: Issuer, span: Span, doing: str, call: Callable[[], Any]) -> Issue:
    addresses, buffer = at.stage.memory.addresses, span.buffer

    def issue() -> None:
        status, address = call()
        if status:
            raise at.api.error(status, f"{doing} of {buffer.bytes:,} bytes for {buffer.name!r}")
        addresses[buffer.id] = int(address)

    return issue


def _freeing(at: Issuer, span: Span, doing: str, call: Callable[[int], Any]) -> Issue:
    addresses = at.stage.memory.addresses

    def issue() -> None:
        address = located(addresses, span, doing)
        status = call(address)[0]
        if status:
            raise at.api.error(status, f"{doing} of {span.buffer.name!r}")
        del addresses[span.buffer.id]

    return issue


def issue_malloc(at: Issuer, op: Malloc) -> Issue:
    """``cudaMalloc``."""
    call = partial(at.api.runtime.cudaMalloc, op.span.buffer.bytes)
    return _allocating(at, op.span, "cudaMalloc", call)


def issue_free(at: Issuer, op: Free) -> Issue:
    """``cudaFree``."""
    return _freeing(at, op.span, "cudaFree", at.api.runtime.cudaFree)


def issue_malloc_async(at: Issuer, op: MallocAsync) -> Issue:
    """``cudaMallocAsync``."""
    stream = at.placed(op.stream).handle.runtime
    call = partial(at.api.runtime.cudaMallocAsync, op.span.buffer.bytes, stream)
    return _allocating(at, op.span, in_stream(op, "cudaMallocAsync"), call)


def issue_free_async(at: Issuer, op: FreeAsync) -> Issue:
    """``cudaFreeAsync``."""
    stream, free = at.placed(op.stream).handle.runtime, at.api.runtime.cudaFreeAsync

    def call(address: int) -> Any:
        return free(address, stream)

    return _freeing(at, op.span, in_stream(op, "cudaFreeAsync"), call)


def issue_release_threshold(at: Issuer, op: SetReleaseThreshold) -> Issue:
    """``cudaMemPoolSetAttribute``."""
    runtime = at.api.runtime
    result = runtime.cudaDeviceGetDefaultMemPool(op.device)
    pool = at.api.check(result, "cudaDeviceGetDefaultMemPool")
    key = runtime.cudaMemPoolAttr.cudaMemPoolAttrReleaseThreshold
    value = at.api.driver.cuuint64_t(op.bytes)
    return at.call("cudaMemPoolSetAttribute", runtime.cudaMemPoolSetAttribute, pool, key, value)
