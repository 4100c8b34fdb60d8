"""Graphs: captured once from streams, instantiated once, replayed."""

from __future__ import annotations

from typing import Any

from timeline.backends.cuda.issue import steps
from timeline.backends.cuda.issuer import Issuer
from timeline.backends.cuda.stage import Stage
from timeline.program import FreeAsync, Graph, MallocAsync

__all__ = ["capture", "kept_buffers"]

_AUTO_FREE_ON_LAUNCH = 1  # cudaGraphInstantiateFlagAutoFreeOnLaunch


def capture(stage: Stage, graph: Graph) -> Any:
    """Capture a graph, instantiate it and upload it to the device.

    Returns
    -------
    cudaGraphExec_t
        To be destroyed by the caller.
    """
    runtime, check = stage.api.runtime, stage.api.check
    device, stream = graph.origin.device, stage.handles.streams[graph.origin.id].runtime
    check(runtime.cudaSetDevice(device), "cudaSetDevice")
    # Whatever is not allowed while a stream is captured (loading kernels, above all) happens here.
    calls = steps(Issuer(stage, 0, capturing=True), graph.ops, device)
    captured = _record(stage, graph, stream, [call for step in calls for call in step])
    try:
        flags = _AUTO_FREE_ON_LAUNCH if kept_buffers(graph) else 0
        executable = check(
            runtime.cudaGraphInstantiate(captured, flags), f"instantiating graph {graph.name!r}"
        )
    finally:
        runtime.cudaGraphDestroy(captured)
    check(runtime.cudaSetDevice(device), "cudaSetDevice")
    check(runtime.cudaGraphUpload(executable, stream), f"uploading graph {graph.name!r}")
    check(runtime.cudaStreamSynchronize(stream), f"uploading graph {graph.name!r}")
    return executable


def _record(stage: Stage, graph: Graph, stream: Any, calls: list[Any]) -> Any:
    runtime, check = stage.api.runtime, stage.api.check
    mode = runtime.cudaStreamCaptureMode.cudaStreamCaptureModeGlobal
    check(runtime.cudaStreamBeginCapture(stream, mode), f"capturing graph {graph.name!r}")
    try:
        for call in calls:
            call()
    except BaseException:
        status, captured = runtime.cudaStreamEndCapture(stream)
        if not status:
            runtime.cudaGraphDestroy(captured)
        raise
    return check(runtime.cudaStreamEndCapture(stream), f"capturing graph {graph.name!r}")


def kept_buffers(graph: Graph) -> frozenset[int]:
    """Ids of the buffers that a graph allocates and leaves to whoever uses it."""
    made = {op.span.buffer.id for op in graph.ops if isinstance(op, MallocAsync)}
    return frozenset(made - {op.span.buffer.id for op in graph.ops if isinstance(op, FreeAsync)})
