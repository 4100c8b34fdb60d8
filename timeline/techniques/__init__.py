"""The chapter's techniques: one a file, each a builder of Programs."""

from __future__ import annotations

from importlib import import_module

from timeline.errors import unknown
from timeline.techniques.technique import Parameter, Technique, Variant

__all__ = ["NAMES", "Parameter", "Technique", "Variant", "technique"]

NAMES = (
    "five_kernels",
    "multistream_warp_specialized",
    "three_way_overlap",
    "pinned_vs_pageable",
    "saturation",
    "concurrency_limit",
    "stream_ordered_alloc",
    "variable_scratch",
    "layerwise_pipeline",
    "default_stream_barrier",
    "per_thread_default_stream",
    "event_wait",
    "host_callback",
    "event_dag",
    "two_pipelines",
    "cluster_pipeline",
    "stream_priority",
    "p2p_pipeline",
    "allreduce_overlap",
    "nixl_transfer",
    "graph_capture",
    "pdl",
    "pdl_cluster_gemm",
    "torch_allocator",
    "torch_dataloader",
)
"""Techniques, in the chapter's order; each is a module here with a ``TECHNIQUE``."""


def technique(name: str) -> Technique:
    """Find a technique by its id.

    Raises
    ------
    UsageError
        When there is none of that name.
    """
    if name not in NAMES:
        raise unknown("technique", name, NAMES)
    found: Technique = import_module(f"timeline.techniques.{name}").TECHNIQUE
    return found
