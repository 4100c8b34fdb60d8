"""The causes that the techniques' variants have on purpose, and which variant is without.

Derived from the techniques' own descriptions. ``docs/findings.md`` is made of it, and the tests
hold the recordings to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["JUDGED", "PLANTED", "Planted"]


@dataclass(frozen=True, slots=True)
class Planted:
    """A variant with a cause, and the one in which it is mended.

    Attributes
    ----------
    code : str
        The finding that must be there.
    differs : str
        Why the measured difference of the two is not that cause's cost alone, where it is not.
    """

    technique: str
    variant: str
    code: str
    fixed: str
    differs: str = ""


PLANTED: tuple[Planted, ...] = (
    Planted("five_kernels", "one_stream", "single-stream", "two_streams"),
    Planted("multistream_warp_specialized", "one_stream", "single-stream", "three_streams"),
    Planted("three_way_overlap", "serial", "single-stream", "depth_first"),
    Planted("pinned_vs_pageable", "pageable", "pageable-copy", "pinned"),
    Planted("concurrency_limit", "kernels_129", "small-kernels", "kernels_128"),
    Planted("stream_ordered_alloc", "malloc_free", "blocking-allocation", "async_max"),
    Planted("stream_ordered_alloc", "async", "allocator-churn", "async_half"),
    Planted("variable_scratch", "blocking", "blocking-allocation", "stream_ordered"),
    Planted(
        "layerwise_pipeline",
        "one_stream",
        "single-stream",
        "two_streams",
        "the fixed variant deals halves of batches, so its pipeline has to fill and to drain",
    ),
    Planted("default_stream_barrier", "stray_legacy", "legacy-stream-barrier", "non_blocking"),
    Planted("per_thread_default_stream", "legacy", "single-stream", "per_thread"),
    Planted(
        "per_thread_default_stream",
        "legacy_sync",
        "legacy-stream-barrier",
        "per_thread",
        "the fixed variant keeps the library's kernel in its thread's stream; the what-if gives it "
        "one of its own",
    ),
    Planted("event_wait", "device_synchronize", "host-synchronisation", "event"),
    Planted(
        "host_callback",
        "synchronize",
        "host-bound-gaps",
        "side_stream",
        "idle time alone: the fixed variant lets kernels overlap besides, and still does the "
        "host's part",
    ),
    Planted(
        "host_callback",
        "poll",
        "host-bound-gaps",
        "side_stream",
        "idle time alone: the fixed variant lets kernels overlap besides, and still does the "
        "host's part",
    ),
    Planted("event_dag", "one_stream", "single-stream", "events"),
    Planted("two_pipelines", "two_stages", "single-stream", "two_streams"),
    Planted(
        "stream_priority",
        "equal",
        "stream-priority-inversion",
        "high",
        "the small kernel comes sooner; the makespan is the same",
    ),
    Planted("p2p_pipeline", "one_after_other", "devices-in-turn", "copy_stream"),
    Planted("p2p_pipeline", "pipelined", "exposed-communication", "copy_stream"),
    Planted(
        "allreduce_overlap",
        "after_backward",
        "exposed-communication",
        "per_layer",
        "hidden, the collectives take SMs and bandwidth from the kernels, which then last longer",
    ),
    Planted(
        "graph_capture",
        "stream_launches",
        "launch-bound",
        "graph",
        "nodes that fork and join lie further apart than nodes in a row",
    ),
    Planted("pdl", "stream_order", "missed-pdl", "pdl"),
    Planted("pdl_cluster_gemm", "cluster", "missed-pdl", "pdl"),
    Planted("torch_allocator", "native", "blocking-allocation", "cuda_malloc_async"),
    Planted(
        "torch_dataloader",
        "pageable",
        "pageable-copy",
        "pinned",
        "the fixed variant also pins each batch in another thread; its repeats differ widely",
    ),
    Planted(
        "torch_dataloader",
        "pinned",
        "single-stream",
        "prefetch",
        "the repeats of both variants differ widely",
    ),
)

_FEW_BLOCKS = "true: its kernels have {} blocks on 132 SMs, so that several run at once"

JUDGED: Mapping[tuple[str, str, str], str] = {
    ("concurrency_limit", "kernels_128", "small-kernels"): (
        "true: 128 kernels of one block start one after the other; one kernel of 128 blocks would "
        "fill the device at once"
    ),
    ("event_dag", "events", "small-kernels"): _FEW_BLOCKS.format(32),
    ("graph_capture", "graph", "small-kernels"): _FEW_BLOCKS.format(2),
    ("stream_priority", "high", "small-kernels"): (
        "true: each round begins with kernels of one block, and nothing beside them"
    ),
    ("layerwise_pipeline", "two_streams", "launch-bound"): (
        "true: 96 launches of kernels of 50 µs, each with its latency; no graph"
    ),
    ("pdl_cluster_gemm", "pdl", "missed-pdl"): (
        "true: PDL is used within a pair, not from one pair to the next"
    ),
    ("two_pipelines", "two_streams", "small-kernels"): _FEW_BLOCKS.format(8),
    ("torch_allocator", "cuda_malloc_async", "allocator-churn"): (
        "true: at release threshold 0 the pool has given back what it held in the repeat before"
    ),
    ("torch_dataloader", "prefetch", "launch-bound"): (
        "true: PyTorch launches each kernel of a step by itself"
    ),
    ("torch_dataloader", "prefetch", "host-bound-gaps"): (
        "true: the device waits for Python between batches"
    ),
}
"""What is found in variants without a planted cause, by technique, variant and code; and whether it
is so."""
