"""Claims of the sections on cooperative launches and thread-block clusters."""

from __future__ import annotations

from timeline.analysis.shows.check import NONE, of
from timeline.analysis.technique_figures import concurrency
from timeline.claims.claim import Claim, Part, probed, recorded, shown
from timeline.claims.figures import counted, most_kernels_at_once
from timeline.claims.probes import at, over

__all__ = ["CLAIMS"]

SECTION = "Clusters"

BYTES_READ = "bytes read at home"
"""Where the kernels' count of what they loaded is copied to."""

CLAIMS = (
    Claim(
        14,
        SECTION,
        "Cooperative launches run one at a time",
        "Two cooperative launches in different streams never run at the same time.",
        (
            probed(
                Part.DECIDES,
                "overlap of two cooperative kernels, as a part of that of two others",
                over(
                    at("concurrency", "overlap_ns", "two cooperative"),
                    at("concurrency", "overlap_ns", "two normal"),
                ),
                most=0.02,
                outside="Two cooperative kernels that fit onto the device together ran side by "
                "side like any others.",
            ),
            probed(
                Part.DECIDES,
                "the same with a block on every SM",
                over(
                    at("concurrency", "overlap_ns", "two cooperative of 1 block an SM"),
                    at("concurrency", "overlap_ns", "two normal of 1 block an SM"),
                ),
                most=0.02,
            ),
            recorded(
                Part.DECIDES,
                "concurrency_limit",
                "most cooperative kernels at once",
                of("cooperative", most_kernels_at_once),
                most=1,
            ),
            recorded(
                Part.DECIDES,
                "cluster_pipeline",
                "streams that run a kernel at once, with cooperative launches in clusters",
                of("cooperative", concurrency),
                most=1 + NONE,
            ),
        ),
    ),
    Claim(
        19,
        SECTION,
        "One leader's load serves a cluster",
        "Where one block of a cluster loads a tile and the others read it from its shared memory "
        "(DSMEM), global memory is read once a cluster instead of once a block.",
        (
            recorded(
                Part.DECIDES,
                "cluster_pipeline",
                "bytes that clusters of four loaded whose leader loads, as the kernels counted "
                "them, as a part of what blocks by themselves did",
                counted("leader", "per_block", BYTES_READ),
                most=0.25,
            ),
            *shown(
                "cluster_pipeline", "a leader's memory", "one load a cluster", part=Part.SUPPORTS
            ),
        ),
    ),
    Claim(
        20,
        SECTION,
        "TMA multicast reads once for all blocks",
        "A multicast copy of the tensor memory accelerator reads global memory once and writes "
        "into the shared memory of every block of the cluster.",
        (
            recorded(
                Part.DECIDES,
                "pdl_cluster_gemm",
                "bytes that the blocks of pairs asked for, as the kernels counted them, as a part "
                "of what blocks by themselves did; they share one operand of two",
                counted("cluster", "warp_specialized", BYTES_READ),
                most=0.75,
            ),
            *shown("pdl_cluster_gemm", "clusters cost little time", part=Part.SUPPORTS),
        ),
    ),
)
