"""What the variants of ``pdl_cluster_gemm`` must show."""

from timeline.analysis.gemm_figures import (
    FIRST,
    SECOND,
    pair_ns,
    prologue_hidden,
    roles_at_once,
    saved_beyond_gap,
)
from timeline.analysis.shows.check import Check, of, times, trace_of
from timeline.analysis.technique_figures import gap

__all__ = ["CHECKS", "TELLING"]

TELLING = "dependent launch: saved"

CHECKS = (
    Check(
        "warp specialised",
        "time of a pair, as a multiple of that of the tiled one",
        times("warp_specialized", "tiled", pair_ns),
        most=0.6,
    ),
    Check(
        "loads beside products",
        "share of the products' time during which a warp loaded",
        of("warp_specialized", roles_at_once("mma", "load")),
        least=0.5,
    ),
    Check(
        "clusters cost little time",
        "time of a pair, as a multiple of that without clusters",
        times("cluster", "warp_specialized", pair_ns),
        most=1.2,  # 1.10 on an H100: the meeting of the blocks outweighs fewer loads
    ),
    Check("stream order", "gap in a pair, ns", of("cluster", gap(FIRST, SECOND)), least=1),
    Check("dependent launch", "gap in a pair, ns", of("pdl", gap(FIRST, SECOND)), most=-1),
    Check(
        "dependent launch: saved",
        "what a pair takes less with PDL, as a multiple of the launch gap without",
        lambda traces: saved_beyond_gap(trace_of(traces, "cluster"), trace_of(traces, "pdl")),
        least=1.0,
    ),
    Check(
        "prologue hidden",
        "share of the second products' prologues beside the first products",
        of("pdl", prologue_hidden),
        least=0.5,
    ),
)
