"""The quantities of a device file that recordings tell, and what turns observations into them."""

from __future__ import annotations

__all__ = ["CURVES", "LINES", "RATES", "VALUES"]

CALLS = (
    "cuLaunchKernelEx",
    "cudaMemcpyAsync",
    "cudaMemcpyPeerAsync",
    "cudaMemsetAsync",
    "cudaMallocAsync",
    "cudaFreeAsync",
    "cudaMemPoolSetAttribute",
    "cudaEventRecord",
    "cudaStreamWaitEvent",
    "cudaEventSynchronize",
    "cudaStreamSynchronize",
    "cudaDeviceSynchronize",
    "cudaLaunchHostFunc",
)

VALUES = (
    "sm.kernel_ns",
    "copy.h2d_duplex",
    "copy.d2h_duplex",
    "copy.engine_gap_ns",
    "gaps.kernel",
    "gaps.to_copy",
    "gaps.from_copy",
    "gaps.copy_copy",
    "gaps.to_host_func",
    "gaps.next_host_func",
    "gaps.from_host_func",
    "gaps.submit",
    "host.wake_ns",
    "host.between_ns",
    *(f"host.calls.{name}" for name in CALLS),
)
"""One number each: the median over the recordings of each recording's median."""

RATES = ("sm.flops_per_ns", "sm.tensor_flops_per_ns")
"""What kernels do a nanosecond of an SM, behind ``sm.kernel_ns``; a median of medians as well."""

CURVES = (
    "copy.h2d_ns",
    "copy.d2h_ns",
    "copy.d2d_ns",
    "copy.memset_ns",
    "copy.pageable_h2d_ns",
    "copy.pageable_d2h_ns",
    "host.malloc_ns",
    "host.free_ns",
    "pool.grow_ns",
    "peer.reduce_step_ns",
)
"""A number by size: the median at each size; below and above those recorded, the probes' points."""

LINES = {"peer.copy_ns": ("peer.latency_ns", "peer.gbps")}
"""A latency, and the rate at which the bytes pass."""
