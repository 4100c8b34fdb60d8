"""Work for the engines: kernels, copies, fills, graphs, collectives."""

from __future__ import annotations

from functools import partial
from typing import Any

from timeline.backends.cuda.issuer import Issuer, checked, in_stream, located
from timeline.backends.cuda.launch import check_params, launch_config
from timeline.backends.cuda.params import Params
from timeline.backends.cuda.stage import Issue
from timeline.backends.cuda.tensor_maps import encode
from timeline.errors import ProgramError
from timeline.program import (
    AllReduce,
    CopyKind,
    GraphLaunch,
    Launch,
    Memcpy,
    Memset,
    StreamKind,
)


def issue_launch(at: Issuer, op: Launch) -> Issue:
    """``cuLaunchKernelEx``."""
    api, driver = at.api, at.api.driver
    loaded = at.loaded = at.stage.functions.load(op.kernel, op.stream.device)
    placed = at.placed(op.stream)
    extra: tuple[int, ...] = ()
    if op.kernel.stamp_roles:
        claimed = at.stage.stamps.claim(op, placed.id, loaded.symbol, graph=at.capturing)
        extra = (claimed,)
    params = Params(op.args, extra, partial(encode, api))
    check_params(api, op, loaded, params)
    config = launch_config(api, op, loaded, placed.handle)
    call = partial(driver.cuLaunchKernelEx, config, loaded.function, params.address, 0)
    doing = in_stream(op, f"launching {op.kernel.name!r}")
    issue = checked(api, call, doing)
    addresses = at.stage.memory.addresses
    if not params.names(at.late):
        params.resolve(addresses)
        at.stage.held.append(params)
        return issue
    resolve = params.resolve

    def late() -> None:
        try:
            resolve(addresses)
        except KeyError:
            raise ProgramError(f"{doing}: an argument's buffer is not allocated there") from None
        issue()

    return late


def issue_memcpy(at: Issuer, op: Memcpy) -> Issue:
    """``cudaMemcpyAsync``, ``cudaMemcpy`` or ``cudaMemcpyPeerAsync``."""
    runtime, size = at.api.runtime, op.bytes
    stream = at.placed(op.stream).handle.runtime
    kind = getattr(runtime.cudaMemcpyKind, _COPY_KIND[op.kind])
    spans = (op.dst, op.src)
    if op.kind is CopyKind.PTOP:
        to, source = op.dst.buffer.device, op.src.buffer.device

        def peer(dst: int, src: int) -> Any:
            return runtime.cudaMemcpyPeerAsync(dst, to, src, source, size, stream)

        return at.addressed(in_stream(op, "cudaMemcpyPeerAsync"), spans, peer)
    if op.blocking and op.stream.kind is StreamKind.LEGACY:

        def at_once(dst: int, src: int) -> Any:
            return runtime.cudaMemcpy(dst, src, size, kind)

        return at.addressed(in_stream(op, "cudaMemcpy"), spans, at_once)

    def copy(dst: int, src: int) -> Any:
        return runtime.cudaMemcpyAsync(dst, src, size, kind, stream)

    issue = at.addressed(in_stream(op, "cudaMemcpyAsync"), spans, copy)
    if not op.blocking:
        return issue
    # There is no cudaMemcpy for a stream; this is what libraries do for one.
    wait = at.call(in_stream(op, "cudaStreamSynchronize"), runtime.cudaStreamSynchronize, stream)

    def blocking() -> None:
        issue()
        wait()

    return blocking


_COPY_KIND = {
    CopyKind.HTOD: "cudaMemcpyHostToDevice",
    CopyKind.DTOH: "cudaMemcpyDeviceToHost",
    CopyKind.DTOD: "cudaMemcpyDeviceToDevice",
    CopyKind.PTOP: "cudaMemcpyDeviceToDevice",
    CopyKind.HTOH: "cudaMemcpyHostToHost",
}


def issue_memset(at: Issuer, op: Memset) -> Issue:
    """``cudaMemsetAsync``."""
    stream, size = at.placed(op.stream).handle.runtime, op.dst.bytes

    def fill(dst: int) -> Any:
        return at.api.runtime.cudaMemsetAsync(dst, op.value, size, stream)

    return at.addressed(in_stream(op, "cudaMemsetAsync"), (op.dst,), fill)


def issue_graph_launch(at: Issuer, op: GraphLaunch) -> Issue:
    """``cudaGraphLaunch``."""
    graph, stream = at.stage.graphs[op.graph.id], at.placed(op.stream).handle.runtime
    return at.call(in_stream(op, "cudaGraphLaunch"), at.api.runtime.cudaGraphLaunch, graph, stream)


def issue_all_reduce(at: Issuer, op: AllReduce) -> Issue:
    """``ncclAllReduce``."""
    addresses = at.stage.memory.addresses
    return at.stage.nccl.all_reduce(
        [stream.device for stream in op.streams],
        lambda: [located(addresses, span, "ncclAllReduce") for span in op.spans],
        op.spans[0].bytes // 4,
        [at.placed(stream).handle.address for stream in op.streams],
    )
