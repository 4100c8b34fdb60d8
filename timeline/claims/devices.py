"""Claims of the sections on communication and on several devices."""

from __future__ import annotations

from timeline.analysis.shows.check import of, times
from timeline.claims.claim import Claim, Part, probed, recorded, shown
from timeline.claims.figures import collective_blocks, kernel_ns
from timeline.claims.probes import at, over
from timeline.claims.streams import LAST_WAVE

__all__ = ["CLAIMS"]

SECTION = "Several devices"

CLAIMS = (
    Claim(
        15,
        SECTION,
        "Peer copies use no SM",
        "A copy from one device to another is made by copy engines: it needs no SM, and slows no "
        "kernel that computes down.",
        (
            *shown("p2p_pipeline", "copy_stream: SM(A) ‖ P2P ‖ SM(B)"),
            *shown("nixl_transfer", "peer_copy: beside compute", part=Part.SUPPORTS),
            recorded(
                Part.DECIDES,
                "p2p_pipeline",
                "duration of a layer beside peer copies, as a multiple of that without",
                times("copy_stream", "one_after_other", kernel_ns),
                most=1.05,
            ),
            probed(
                Part.DECIDES,
                "share of peer copies that ended while kernels left no SM a free thread",
                over(
                    at("peer", "with_all_SMs_taken", "ended_while_the_spins_ran"),
                    at("peer", "with_all_SMs_taken", "of"),
                ),
                least=1,
            ),
            probed(
                Part.DECIDES,
                "duration of an arithmetic kernel on the source beside peer copies, as a multiple "
                "of that alone",
                at("peer", "kernel_beside_copies", "fma kernel on the source", "slower"),
                most=1.05,
            ),
            probed(
                Part.LIMITS,
                "the same of a kernel that copies device memory",
                at("peer", "kernel_beside_copies", "copy kernel on the source", "slower"),
                most=1.05,
                outside="The copies share the memory bandwidth: a kernel that is bound by it took "
                "{found} times as long beside them.",
            ),
        ),
    ),
    Claim(
        16,
        SECTION,
        "NCCL overlaps and uses few SMs",
        "A collective of NCCL on a stream of its own runs beside compute and takes only a few SMs "
        "from it.",
        (
            *shown("allreduce_overlap", "per_layer: hidden"),
            *shown("allreduce_overlap", "after_backward: exposed", part=Part.SUPPORTS),
            recorded(
                Part.DECIDES,
                "allreduce_overlap",
                "blocks of an all-reduce, as a part of the device's SMs",
                of("per_layer", collective_blocks),
                most=0.25,
            ),
            probed(
                Part.TELLS,
                "duration of an arithmetic kernel on all SMs beside all-reduces, as a multiple of "
                "that alone",
                at("collectives", "2 GPUs", "beside_a_kernel", "slower"),
            ),
        ),
    ),
    Claim(
        21,
        SECTION,
        "High priority shortens the wait of communication",
        "A small kernel in a high-priority stream starts sooner behind work that fills the device "
        "than one in a stream of equal priority.",
        (
            probed(
                Part.DECIDES,
                "wait of a small grid of high priority behind four full waves, as a part of that "
                "with equal priority",
                over(at("concurrency", LAST_WAVE, "high"), at("concurrency", LAST_WAVE, "equal")),
                most=0.5,
            ),
            *shown("stream_priority", "high: sooner"),
            *shown(
                "stream_priority",
                "equal: behind all blocks",
                "high: in the middle of the large one",
                part=Part.SUPPORTS,
            ),
            probed(
                Part.LIMITS,
                "its wait with high priority",
                at("concurrency", LAST_WAVE, "high"),
                most=50_000,
                unit="ns",
                outside="Running blocks are not preempted: with high priority it still waited "
                "{found}, for the blocks of the first wave to end.",
            ),
        ),
    ),
)
