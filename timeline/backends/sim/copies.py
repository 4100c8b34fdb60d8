"""Classes of copies, fills and allocations."""

from __future__ import annotations

import math
from typing import Any

from timeline.backends.sim import codes as k
from timeline.backends.sim.classes import (
    AFTER_D2H,
    AFTER_H2D,
    AFTER_KERNEL,
    AFTER_OTHER_COPY,
)
from timeline.backends.sim.costs import along, fill_share
from timeline.backends.sim.device_model import DeviceModel
from timeline.backends.sim.engines import EngineQueues
from timeline.engines import COPY_NAMES
from timeline.program import CopyKind, Memcpy, MemoryKind, Memset, is_host_paced

__all__ = ["CopyCosts"]


class CopyCosts:
    """Turns copies and fills into columns of :class:`.classes.Classes`."""

    def __init__(self, model: DeviceModel) -> None:
        self._model = model

    def allocation_ns(self, nbytes: int, *, free: bool) -> int:
        """Host time of ``cudaMalloc`` or ``cudaFree`` by itself."""
        host = self._model.host
        return round(along(host.free_ns if free else host.malloc_ns, nbytes))

    def fill(self, op: Memset) -> dict[str, Any]:
        """Columns of a fill."""
        nbytes = op.dst.bytes
        row = {"kind": "memset", "name": "[CUDA memset]", "bytes": nbytes}
        row["dst_kind"] = op.dst.buffer.kind.value
        return self._fluid(row, along(self._model.copy.memset_ns, nbytes), nbytes)

    def columns(self, op: Memcpy, engines: EngineQueues) -> tuple[int, str, dict[str, Any]]:
        """What the host does, the call's name, and the columns of a copy."""
        code, call = k.ASYNC, "cudaMemcpy" if op.blocking else "cudaMemcpyAsync"
        kind = op.kind
        if kind is CopyKind.DTOD:
            values = self._d2d(op)
            if op.blocking and self._model.semantics.d2d_memcpy_blocks:
                code = k.COPY_WAIT
        else:
            code, values = self._on_engine(op, engines)
        if kind is CopyKind.PTOP and not op.blocking:
            call = "cudaMemcpyPeerAsync"
        if code == k.STAGE:
            values["cost"] = self._held_ns(op)
        if code == k.COPY_STAGED:
            values["aux"] = self.last_piece_ns
        return code, call, values

    def _d2d(self, op: Memcpy) -> dict[str, Any]:
        return self._fluid(_row(op), along(self._model.copy.d2d_ns, op.bytes), 2 * op.bytes)

    def _fluid(self, row: dict[str, Any], ns: float, moved: int) -> dict[str, Any]:
        duration = math.ceil(ns)
        share = fill_share(self._model.sm, moved, duration)
        return {
            "kind": k.FILL,
            "gap": AFTER_KERNEL,
            "duration": duration,
            "share": share,
            "row": row,
        }

    def _on_engine(self, op: Memcpy, engines: EngineQueues) -> tuple[int, dict[str, Any]]:
        kind, copy = op.kind, self._model.copy
        code, duration = self._pace(op)
        stretch = {CopyKind.HTOD: copy.h2d_duplex, CopyKind.DTOH: copy.d2h_duplex}.get(kind, 1.0)
        gap = {CopyKind.HTOD: AFTER_H2D, CopyKind.DTOH: AFTER_D2H}.get(kind, AFTER_OTHER_COPY)
        if kind is CopyKind.HTOD and op.bytes <= copy.inline_bytes:
            gap = AFTER_KERNEL
        slower = math.ceil(self._alone_ns(op) * stretch - 1e-9)
        return code, {
            "kind": k.COPY,
            "gap": gap,
            "duration": duration,
            "duplex": max(duration, slower),
            "group": engines.queue(kind, max(op.src.buffer.device, op.dst.buffer.device))
            if kind is not CopyKind.PTOP
            else engines.queue(kind, op.src.buffer.device),
            "row": _row(op),
        }

    def _alone_ns(self, op: Memcpy) -> float:
        """Of the transfer itself, from pinned memory."""
        model, kind = self._model, op.kind
        if kind is CopyKind.HTOD:
            return along(model.copy.h2d_ns, op.bytes)
        if kind is CopyKind.DTOH:
            return along(model.copy.d2h_ns, op.bytes)
        if kind is CopyKind.PTOP:
            return model.peer.latency_ns + op.bytes / model.peer.gbps
        return op.bytes / model.copy.host_gbps

    def _held_ns(self, op: Memcpy) -> int:
        """How long the host thread is held by a copy of pageable memory on an idle device."""
        copy = self._model.copy
        to_device = op.kind is CopyKind.HTOD
        return round(along(copy.pageable_h2d_ns if to_device else copy.pageable_d2h_ns, op.bytes))

    def _pace(self, op: Memcpy) -> tuple[int, int]:
        """What the host does meanwhile, and the copy's duration, ns."""
        alone = math.ceil(self._alone_ns(op) - 1e-9)
        host, gaps, copy = self._model.host, self._model.gaps, self._model.copy
        call = host.call_ns("cudaMemcpy" if op.blocking else "cudaMemcpyAsync") + gaps.submit
        pageable = MemoryKind.PAGEABLE in (op.src.buffer.kind, op.dst.buffer.kind)
        if not pageable or op.kind is CopyKind.HTOH:
            return (k.COPY_WAIT if is_host_paced(op) else k.ASYNC), alone
        if op.kind is CopyKind.DTOH:
            return k.COPY_WAIT, max(alone, self._held_ns(op) - call - host.wake_ns)
        if op.bytes <= copy.staging_bytes:
            return k.STAGE, alone
        return k.COPY_STAGED, max(alone, self._held_ns(op) - call + self.last_piece_ns)

    @property
    def last_piece_ns(self) -> int:
        """Transfer of the last staged piece, which the host does not wait for."""
        copy = self._model.copy
        return math.ceil(along(copy.h2d_ns, copy.chunk_bytes) - 1e-9)


def _row(op: Memcpy) -> dict[str, Any]:
    src, dst = op.src.buffer, op.dst.buffer
    row: dict[str, Any] = {
        "kind": "memcpy",
        "name": COPY_NAMES[op.kind],
        "bytes": op.bytes,
        "copy_kind": op.kind.value,
        "src_kind": src.kind.value,
        "dst_kind": dst.kind.value,
    }
    if op.kind is CopyKind.PTOP:
        row |= {"src_device": src.device, "dst_device": dst.device}
    return row
