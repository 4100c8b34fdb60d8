"""Classes of kernel launches."""

from __future__ import annotations

from typing import Any

from timeline.backends.sim import codes as k
from timeline.backends.sim.classes import AFTER_KERNEL, KernelSpec, launch_row
from timeline.backends.sim.costs import along
from timeline.backends.sim.device_model import DeviceModel
from timeline.backends.sim.occupancy import Footprint, Packing, footprint
from timeline.errors import ProgramError
from timeline.program import AllReduce, Launch, Stream, Work

__all__ = ["KernelClasses", "reduce_ns"]


class KernelClasses:
    """Turns launches into columns of :class:`.classes.Classes`."""

    def __init__(self, model: DeviceModel, packing: Packing) -> None:
        self._model, self._packing = model, packing

    def columns(self, launch: Launch) -> dict[str, Any]:
        """Columns of a kernel launch."""
        block = footprint(self._model.sm, launch)
        _check_work(launch)
        x, y, z = launch.cluster
        spec = self._spec(
            launch.kernel.name,
            launch.work,
            launch.blocks,
            block,
            cluster=x * y * z,
            priority=launch.stream.priority,
            cooperative=launch.cooperative,
            stamped=launch.kernel if launch.kernel.stamp_roles else None,
        )
        return self._of(spec, k.KERNEL, launch_row(launch, launch.kernel.registers))

    def collective(self, op: AllReduce, stream: Stream, ranks: int) -> dict[str, Any]:
        """Columns of one device's part of an all-reduce."""
        peer = self._model.peer
        registers = peer.reduce_threads * peer.reduce_registers
        block = Footprint(peer.reduce_threads, registers, self._model.sm.reserved_shared_bytes)
        work = Work(block_ns=reduce_ns(self._model, op.spans[0].bytes, ranks))
        spec = self._spec(
            "ncclDevKernel_AllReduce_Sum_f32_RING",
            work,
            peer.reduce_blocks,
            block,
            priority=stream.priority,
            held=True,
        )
        row = {
            "kind": "kernel",
            "name": spec.name,
            "grid": (spec.blocks, 1, 1),
            "block": (peer.reduce_threads, 1, 1),
            "bytes": op.spans[0].bytes,
        }
        return self._of(spec, k.COLLECTIVE, row)

    def _spec(
        self, name: str, work: Work, blocks: int, block: Footprint, **values: Any
    ) -> KernelSpec:
        values = {"cluster": 1, "priority": 0, **values}
        kind = self._packing.number(block)
        limit = block.on_device(self._model.sm)
        warps = block.threads // 32
        return KernelSpec(self._model, name, work, blocks, warps, kind, limit, **values)

    def _of(self, spec: KernelSpec, kind: int, row: dict[str, Any]) -> dict[str, Any]:
        sm = self._model.sm
        share = spec.share(min(spec.blocks, spec.limit))
        return {
            "kind": kind,
            "gap": AFTER_KERNEL,
            "duration": sm.kernel_ns + share.alone_ns,
            "share": share if spec.contends else None,
            "foot": spec.kind,
            "blocks": spec.blocks,
            "kernel": spec,
            "waves": spec.waves_ns,
            "special": spec.needs_scheduler,
            "row": row,
        }


def _check_work(launch: Launch) -> None:
    work, name = launch.work, launch.kernel.name
    costs = (work.block_ns, work.flops, work.tensor_flops, work.dram_bytes, work.l2_bytes)
    if min(*costs, work.prologue_ns) < 0:
        raise ProgramError(f"{name}: its Work has a negative cost")
    if work.prologue_ns > work.block_ns:
        raise ProgramError(
            f"{name}: a prologue of {work.prologue_ns:g} ns in blocks of {work.block_ns:g} ns"
        )


def reduce_ns(model: DeviceModel, nbytes: int, ranks: int) -> float:
    """Time of a ring all-reduce: 2 (n - 1) steps that each move 1/n of the bytes over a link."""
    return 2 * (ranks - 1) * along(model.peer.reduce_step_ns, nbytes / ranks)
