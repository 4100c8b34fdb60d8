"""Claims of the section on stream-ordered memory."""

from __future__ import annotations

from timeline.analysis.shows.check import of, times
from timeline.analysis.technique_figures import calls_share
from timeline.claims.claim import Claim, Part, probed, recorded, shown
from timeline.claims.figures import pool_returns
from timeline.claims.probes import at, over, waiting_share

__all__ = ["CLAIMS"]

SECTION = "Stream-ordered memory"
OTHER, OWN = "other_stream_busy", "own_stream_busy"

CLAIMS = (
    Claim(
        6,
        SECTION,
        "cudaMalloc synchronises the device",
        "`cudaMalloc` waits until the device has done all work of all streams, so allocating in a "
        "loop ends their overlap.",
        (
            probed(
                Part.DECIDES,
                "share of the sizes from 4 KiB to 64 MiB at which cudaMalloc waited for another "
                "stream's work",
                waiting_share(r"cudaMalloc \w+", OTHER),
                least=1,
            ),
            probed(
                Part.TELLS,
                "share of the sizes at which cudaFree waited for another stream's work",
                waiting_share(r"cudaFree \w+", OTHER),
                least=1,
                within="It is `cudaFree` that waits for the whole device, at every size tried: a "
                "loop that allocates and frees still loses its overlap, in the other call.",
            ),
            recorded(
                Part.TELLS,
                "stream_ordered_alloc",
                "share of the makespan in cudaMalloc",
                of("malloc_free", calls_share("cudaMalloc")),
            ),
            *shown("stream_ordered_alloc", "cudaFree waits", part=Part.TELLS),
            *shown("variable_scratch", "cudaFree waits", part=Part.TELLS),
            *shown("torch_allocator", "cudaFree waits", part=Part.TELLS),
        ),
    ),
    Claim(
        7,
        SECTION,
        "cudaMallocAsync stalls no other stream",
        "Allocating and freeing in stream order waits for nothing: other streams, and the host, "
        "go on.",
        (
            probed(
                Part.DECIDES,
                "share of the sizes from 4 KiB to 64 MiB at which cudaMallocAsync or cudaFreeAsync "
                "waited for another stream's work",
                waiting_share(r"cuda(Malloc|Free)Async \w+", OTHER),
                most=0,
            ),
            probed(
                Part.DECIDES,
                "the same of their own stream's work",
                waiting_share(r"cuda(Malloc|Free)Async \w+", OWN),
                most=0,
            ),
            *shown("stream_ordered_alloc", "no call waits", "batches overlap"),
            *shown("variable_scratch", "side by side", "no stall", part=Part.SUPPORTS),
            *shown("layerwise_pipeline", "efficient", part=Part.SUPPORTS),
            *shown("torch_allocator", "no call waits", part=Part.SUPPORTS),
            probed(
                Part.TELLS,
                "cudaMallocAsync of 64 MiB for which the pool must grow",
                at("pools", "threshold 0", "malloc cold"),
                unit="ns",
                within="The call itself is not free: where the pool must grow, 64 MiB took the "
                "host {found}.",
            ),
            probed(
                Part.TELLS,
                "cudaMallocAsync of 64 MiB that the pool still holds",
                at("pools", "threshold 0", "malloc warm"),
                unit="ns",
            ),
        ),
    ),
    Claim(
        8,
        SECTION,
        "A higher release threshold returns less to the system",
        "A pool whose release threshold is high keeps its memory over synchronisations instead of "
        "giving it back, so later allocations are warm.",
        (
            recorded(
                Part.DECIDES,
                "stream_ordered_alloc",
                "returns of pool memory to the system in a repeat, with the highest threshold, as "
                "a part of those with threshold 0",
                times("async_max", "async", pool_returns),
                most=0.1,
            ),
            recorded(
                Part.TELLS,
                "stream_ordered_alloc",
                "returns in a repeat, with threshold 0",
                of("async", pool_returns),
            ),
            *shown("stream_ordered_alloc", "async_half: warm", "async_max: warm"),
            probed(
                Part.DECIDES,
                "allocation after a synchronisation with the highest threshold, as a part of its "
                "time with threshold 0",
                over(
                    at("pools", "threshold max", "malloc after sync"),
                    at("pools", "threshold 0", "malloc after sync"),
                ),
                most=0.5,
            ),
            probed(
                Part.SUPPORTS,
                "what a pool still holds after a synchronisation, with threshold 0",
                at("pools", "threshold 0", "reserved after sync"),
                most=0,
                unit="bytes",
            ),
            probed(
                Part.SUPPORTS,
                "the same with the highest threshold",
                at("pools", "threshold max", "reserved after sync"),
                least=1,
                unit="bytes",
            ),
        ),
    ),
)
