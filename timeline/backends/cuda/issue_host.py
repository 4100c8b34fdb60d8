"""The host's own operations: work, functions in stream order, ranges, barriers."""

from __future__ import annotations

from timeline.backends.cuda.host import spin
from timeline.backends.cuda.issuer import Issuer, in_stream
from timeline.backends.cuda.stage import Issue
from timeline.program import HostBarrier, HostWork, LaunchHostFunc, RangePop, RangePush


def issue_host_work(at: Issuer, op: HostWork) -> Issue:
    """A spin of the host thread, in a range of its own."""
    push, pop, ns = at.stage.ranges.pusher(op.name, "host_work"), at.stage.ranges.pop, op.ns

    def issue() -> None:
        push()
        spin(ns)
        pop()

    return issue


def issue_host_func(at: Issuer, op: LaunchHostFunc) -> Issue:
    """``cudaLaunchHostFunc``."""
    placed = at.placed(op.stream)
    callback = at.stage.host.callback(op, placed.id)
    doing = in_stream(op, "cudaLaunchHostFunc")
    if at.capturing:
        return at.call(doing, at.api.capture_host_func, placed.handle.address, callback.address)
    runtime = at.api.runtime
    handle = runtime.cudaHostFn_t(callback.address)
    call = at.call(doing, runtime.cudaLaunchHostFunc, placed.handle.runtime, handle, 0)

    def issue() -> None:
        callback.note()
        call()

    return issue


def issue_range_push(at: Issuer, op: RangePush) -> Issue:
    """``nvtxRangePush``."""
    return at.stage.ranges.pusher(op.name, op.category, op.color)


def issue_range_pop(at: Issuer, _: RangePop) -> Issue:
    """``nvtxRangePop``."""
    return at.stage.ranges.pop


def issue_host_barrier(at: Issuer, op: HostBarrier) -> Issue:
    """Wait for the other host threads."""
    barrier = at.stage.barriers[op.name]

    def issue() -> None:
        barrier.wait()

    return issue
