"""A described device: every number and every switch of the model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from timeline.errors import unknown

__all__ = ["Curve", "DeviceModel"]

Curve = tuple[tuple[float, float], ...]
"""Points (x, y) with ascending x; linear between them, the last slope beyond."""


@dataclass(frozen=True, slots=True)
class Sm:
    """The streaming multiprocessors, and what may be resident on one of them.

    Attributes
    ----------
    flops_per_ns : float
        FP32 operations a nanosecond of one SM.
    tensor_flops_per_ns : float
        bf16 operations with fp32 sums a nanosecond of one SM's tensor cores.
    gpcs : tuple of int
        SMs of each GPC; a cluster stays within one.
    resident_grids : int
        Grids that can be resident on the device at once.
    grid_interval_ns : int
        Least time between the starts of two grids: the front end launches one after the other.
    kernel_ns : int
        What a kernel takes beside its blocks.
    """

    count: int
    threads: int
    blocks: int
    registers: int
    register_unit: int
    shared_bytes: int
    block_threads: int
    block_shared_bytes: int
    reserved_shared_bytes: int
    shared_unit_bytes: int
    flops_per_ns: float
    tensor_flops_per_ns: float
    gpcs: tuple[int, ...]
    max_cluster: int
    resident_grids: int
    grid_interval_ns: int
    kernel_ns: int


@dataclass(frozen=True, slots=True)
class Memory:
    """Device memory.

    Attributes
    ----------
    dram_gbps : Curve
        Bandwidth (read + write, GB/s = bytes/ns) that blocks on x SMs reach together; its largest
        value is the device's.
    l2_gbps : float
        What all SMs together read out of the L2 cache.
    """

    bytes: int
    dram_gbps: Curve
    l2_gbps: float


@dataclass(frozen=True, slots=True)
class Copy:
    """Copies and fills.

    Attributes
    ----------
    engines : int
        ``asyncEngineCount``: 1 serves both directions, 2 one each, 3 has one more for peers.
    h2d_ns, d2h_ns, d2d_ns, memset_ns : Curve
        Duration (ns) by size (bytes) of a copy alone, pinned host memory.
    h2d_duplex, d2h_duplex : float
        How many times as long it takes while the other direction runs.
    pageable_h2d_ns, pageable_d2h_ns : Curve
        How long the host thread is held by a copy of pageable memory, on an idle device.
    staging_bytes : int
        Pageable copies to the device up to this size return once they are staged, whatever their
        stream is doing.
    chunk_bytes : int
        Larger ones pass through staging in pieces of this; the call returns when the last piece is
        staged, its transfer still to come.
    inline_bytes : int
        Copies to the device up to this size travel in the command stream, not through an engine
        handover: the gaps of a kernel apply to them.
    host_gbps : float
        Host to host.
    engine_gap_ns : int
        Between two copies on one engine.
    """

    engines: int
    h2d_ns: Curve
    d2h_ns: Curve
    d2d_ns: Curve
    memset_ns: Curve
    h2d_duplex: float
    d2h_duplex: float
    pageable_h2d_ns: Curve
    pageable_d2h_ns: Curve
    staging_bytes: int
    chunk_bytes: int
    inline_bytes: int
    host_gbps: float
    engine_gap_ns: int


@dataclass(frozen=True, slots=True)
class Peer:
    """Links between devices, and the ring all-reduce over them.

    Attributes
    ----------
    gbps, latency_ns
        Of a copy: its latency, and the rate at which its bytes pass.
    reduce_step_ns : Curve
        Of one step of the ring, by its bytes.
    reduce_blocks, reduce_threads, reduce_registers : int
        The grid, the block and the registers a thread of the kernel.
    """

    gbps: float
    latency_ns: int
    reduce_blocks: int
    reduce_threads: int
    reduce_registers: int
    reduce_step_ns: Curve


@dataclass(frozen=True, slots=True)
class Gaps:
    """Device-side latencies, ns.

    Attributes
    ----------
    kernel : int
        From the end of whatever it waited for to the start of a kernel (or fill, or D2D copy).
    to_copy, from_copy : int
        Handover of a stream to a copy engine, and back.
    copy_copy : int
        Between two copies of one stream in one direction.
    to_host_func, from_host_func : int
        From a stream to a host function, for which the driver's thread wakes up, and back.
    next_host_func : int
        From a host function to the next one that is due by then; so long the thread is awake.
    event, wait, alloc : int
        What an event record, a wait and a stream-ordered (de)allocation take in their stream.
    timing_event : int
        What a record of an event with timing takes.
    submit : int
        From the end of the host's call to the start on an idle stream.
    gate : int
        From the opening of the gate to the first start.
    pdl : int
        From the last trigger of the primary to the first blocks of its dependent.
    pdl_flush : int
        From the primary's end to the return of ``griddepcontrol.wait``.
    graph : int
        Between dependent nodes of a graph.
    """

    kernel: int
    to_copy: int
    from_copy: int
    copy_copy: int
    to_host_func: int
    next_host_func: int
    from_host_func: int
    event: int
    timing_event: int
    wait: int
    alloc: int
    submit: int
    gate: int
    pdl: int
    pdl_flush: int
    graph: int


@dataclass(frozen=True, slots=True)
class Host:
    """What calls cost the host thread, ns.

    Attributes
    ----------
    calls : mapping
        Cost by the call's name; ``other`` for the rest.
    malloc_ns, free_ns : Curve
        ``cudaMalloc`` and ``cudaFree`` by size, when they need not wait.
    between_ns : int
        From the return of a call to the next one: what the program that issues takes by itself.
    wake_ns : int
        From what it waits for to the return of a synchronising call.
    graph_node_ns : float
        Added to ``cudaGraphLaunch`` by every node.
    queue_depth : int
        Operations of one stream that may be pending; one more blocks the host.
    """

    calls: Mapping[str, int]
    malloc_ns: Curve
    free_ns: Curve
    between_ns: int
    wake_ns: int
    graph_node_ns: float
    queue_depth: int

    def call_ns(self, name: str) -> int:
        """Cost of the call ``name``."""
        return self.calls.get(name, self.calls["other"])


@dataclass(frozen=True, slots=True)
class PoolCosts:
    """The default memory pool of ``cudaMallocAsync``.

    Attributes
    ----------
    chunk_bytes : int
        It grows by multiples of this.
    unit_bytes : int
        Sizes are rounded up to this.
    grow_ns, release_ns : Curve
        Host time of taking memory from the operating system and of giving it back, by bytes.
    """

    chunk_bytes: int
    unit_bytes: int
    grow_ns: Curve
    release_ns: Curve


@dataclass(frozen=True, slots=True)
class Semantics:
    """What waits for what, where devices, drivers and books differ.

    Attributes
    ----------
    malloc_waits, free_waits : {"nothing", "device"}
        What ``cudaMalloc`` and ``cudaFree`` wait for.
    legacy_synchronize_waits : {"stream", "blocking"}
        Whether synchronising with the legacy default stream also waits for blocking streams.
    d2d_memcpy_blocks : bool
        Whether ``cudaMemcpy`` within a device holds the host.
    cooperative_exclusive : bool
        Whether two cooperative grids never run at once.
    head_of_line : bool
        Whether a grid gets no block before all of the earlier ones (of its priority) are placed.
    event_ends_pdl : {"never", "timing", "always"}
        Which event record between two kernels takes their programmatic overlap away.
    trim : tuple of {"stream", "event", "device"}
        Synchronisations at which a pool gives memory above its threshold back.
    """

    malloc_waits: str
    free_waits: str
    legacy_synchronize_waits: str
    d2d_memcpy_blocks: bool
    cooperative_exclusive: bool
    head_of_line: bool
    event_ends_pdl: str
    trim: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """What ``timeline calibrate`` made a device from.

    Attributes
    ----------
    rule : str
        Which recordings were held out.
    date : str
        Of the latest recording.
    probes : tuple of str
        Files of ``benchmarks.semantics``.
    recordings, held_out : tuple of str
        Names of the recordings that it was fitted from, and of those that only checked it.
    """

    rule: str = ""
    date: str = ""
    probes: tuple[str, ...] = ()
    recordings: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceModel:
    """A device, or ``devices`` of them in one host.

    Attributes
    ----------
    name : str
        As the driver names it.
    source : str
        Where the numbers come from.
    """

    name: str
    source: str
    compute_capability: str
    devices: int
    sm: Sm
    memory: Memory
    copy: Copy
    peer: Peer
    gaps: Gaps
    host: Host
    pool: PoolCosts
    semantics: Semantics
    calibration: Provenance = Provenance()

    def replace(self, **sections: Mapping[str, Any] | str | int) -> DeviceModel:
        """A copy with other values: ``device.replace(copy={"engines": 1})``.

        Raises
        ------
        UsageError
            For a section or key that does not exist.
        """
        new: dict[str, Any] = {}
        for name, value in sections.items():
            if name not in DeviceModel.__dataclass_fields__:
                raise unknown("section of a device", name, DeviceModel.__dataclass_fields__)
            old = getattr(self, name)
            if isinstance(value, Mapping):
                known = old.__dataclass_fields__
                for key in value:
                    if key not in known:
                        raise unknown(f"key of [{name}]", key, known)
                value = dataclasses.replace(old, **value)
            new[name] = value
        return dataclasses.replace(self, **new)
