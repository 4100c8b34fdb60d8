"""Claims of the section on streams."""

from __future__ import annotations

from timeline.claims.claim import Claim, Part, probed, shown
from timeline.claims.probes import at, largest_unheld, longest_call_ns, over, waiting_share

__all__ = ["CLAIMS"]

SECTION = "Streams"
PAGEABLE_IN = r"cudaMemcpyAsync H2D pageable \w+"
PAGEABLE_OUT = r"cudaMemcpyAsync D2H pageable \w+"
PINNED = r"cudaMemcpyAsync (H2D|D2H) pinned \w+"

WAVES_NS = 2_000_000
"""How long the probe's large grid takes to start its last blocks and end: four waves."""

LAST_WAVE = "small_grid_starts_after_ns (behind 4 waves of 0.5 ms)"

CLAIMS = (
    Claim(
        1,
        SECTION,
        "Named streams let kernels overlap",
        "Kernels in different named streams run at the same time where the device has room for "
        "both; where one fills it, the other waits for room.",
        (
            *shown("five_kernels", "one at a time", "side by side"),
            *shown("five_kernels", "on the same SMs", part=Part.SUPPORTS),
            *shown("saturation", "unlike kernels gain", part=Part.SUPPORTS),
            *shown("concurrency_limit", "all at once", part=Part.SUPPORTS),
            *shown("event_dag", "one at a time", "streams at once", part=Part.SUPPORTS),
            *shown(
                "layerwise_pipeline",
                "one layer at a time",
                "two batches at once",
                part=Part.SUPPORTS,
            ),
            *shown("multistream_warp_specialized", "two_streams: faster", part=Part.SUPPORTS),
            *shown("two_pipelines", "streams on top", part=Part.SUPPORTS),
            probed(
                Part.SUPPORTS,
                "start of a small grid behind another stream's grid of four full waves, as a part "
                "of that grid's time",
                lambda measured: at("concurrency", LAST_WAVE, "equal")(measured) / WAVES_NS,
                least=0.7,
            ),
        ),
    ),
    Claim(
        2,
        SECTION,
        "Pageable copies block",
        "A copy from or to pageable memory keeps the calling thread until its stream has come to "
        "it and the copy is done, so that nothing overlaps with it.",
        (
            *shown("pinned_vs_pageable", "pageable blocks the host", "pageable"),
            *shown("pinned_vs_pageable", "pinned", part=Part.SUPPORTS),
            *shown("torch_dataloader", "pageable holds the host", part=Part.SUPPORTS),
            probed(
                Part.DECIDES,
                "share of the sizes from 1 KiB to 64 MiB at which a copy to pageable memory kept "
                "its caller until its busy stream had come to it",
                waiting_share(PAGEABLE_OUT, "own_stream_busy"),
                least=1,
            ),
            probed(
                Part.LIMITS,
                "largest copy from pageable memory that returned while its stream was still busy",
                largest_unheld(PAGEABLE_IN),
                most=0,
                unit="bytes",
                outside="Small copies to the device don't wait: of those tried, copies of up to "
                "{found} returned once their data was staged, whatever their stream still had to "
                "do.",
            ),
        ),
    ),
    Claim(
        3,
        SECTION,
        "Pinned copies return at once",
        "`cudaMemcpyAsync` from or to pinned memory returns at once, so that the host goes on to "
        "issue while the copy runs.",
        (
            *shown("pinned_vs_pageable", "pinned returns at once"),
            *shown("pinned_vs_pageable", "pinned", part=Part.SUPPORTS),
            *shown("three_way_overlap", "depth_first: hidden", part=Part.SUPPORTS),
            *shown("multistream_warp_specialized", "two_streams: hidden", part=Part.SUPPORTS),
            *shown("torch_dataloader", "pinned does not", "prefetch: hidden", part=Part.SUPPORTS),
            probed(
                Part.DECIDES,
                "longest call for a pinned copy of 1 KiB to 64 MiB, its stream idle or busy",
                longest_call_ns(PINNED),
                most=50_000,
                unit="ns",
            ),
        ),
    ),
    Claim(
        4,
        SECTION,
        "Two copy engines allow three-way overlap",
        "With a copy engine for each direction, copies in, kernels and copies out run at once, and "
        "the whole takes about as long as the longest of the three alone.",
        (
            *shown("three_way_overlap", "depth_first: all three", "depth_first: efficient"),
            *shown(
                "three_way_overlap",
                "breadth_first: all three",
                "breadth_first: efficient",
                part=Part.SUPPORTS,
            ),
            *shown(
                "multistream_warp_specialized",
                "two_streams: efficient",
                "three_streams: efficient",
                part=Part.SUPPORTS,
            ),
            *shown("two_pipelines", "one stream", "streams on top", part=Part.SUPPORTS),
            probed(
                Part.SUPPORTS,
                "rate of copies in while copies run out, as a part of the rate of two copies in "
                "together",
                lambda measured: (
                    measured["copies"]["GBps_together"]["H2D+D2H"][0]
                    / measured["copies"]["GBps_together"]["H2D+H2D"][0]
                ),
                least=0.8,
            ),
        ),
    ),
    Claim(
        5,
        SECTION,
        "Saturated engines gain nothing from concurrency",
        "Two kernels that each use up the arithmetic or the memory bandwidth of the device take "
        "as long together as one after the other.",
        (
            *shown("saturation", "bandwidth: nothing gained", "compute: nothing gained"),
            *shown(
                "saturation",
                "bandwidth: at once",
                "bandwidth: each twice as long",
                "compute: at once",
                "compute: each twice as long",
                part=Part.SUPPORTS,
            ),
            probed(
                Part.SUPPORTS,
                "memory bandwidth of two copying kernels together, as a multiple of one alone",
                over(
                    at("rates", "copy_GBps (read + write)", "two kernels of 1 block an SM"),
                    at("rates", "copy_GBps (read + write)", "1 block an SM"),
                ),
                most=1.1,
            ),
        ),
    ),
    Claim(
        9,
        SECTION,
        "At most 128 grids are resident",
        "However many streams there are and however small their kernels, no more than 128 grids "
        "run at once.",
        (
            *shown("concurrency_limit", "all at once", "no more", "sweep: the plateau"),
            *shown(
                "concurrency_limit",
                "one more takes twice the time",
                "sweep: a second round",
                part=Part.SUPPORTS,
            ),
            probed(
                Part.DECIDES,
                "most grids of one block seen running at once, of up to 256 launched in as many "
                "streams",
                lambda measured: float(
                    max(row["most"] for row in measured["concurrency"]["resident"].values())
                ),
                least=128,
                most=128,
            ),
            probed(
                Part.SUPPORTS,
                "time of 129 grids as a multiple of the time of 128",
                over(
                    at("concurrency", "resident", "129", "makespan"),
                    at("concurrency", "resident", "128", "makespan"),
                ),
                least=1.5,
            ),
        ),
    ),
)
