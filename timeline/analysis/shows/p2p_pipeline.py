"""What the variants of ``p2p_pipeline`` must show."""

from timeline.analysis.device_figures import (
    computing_at_once,
    engine_bound_share,
    transfers_beside_both,
)
from timeline.analysis.shows.check import NONE, Check, of

__all__ = ["CHECKS", "TELLING"]

TELLING = "copy_stream: SM(A) ‖ P2P ‖ SM(B)"

CHECKS = (
    Check(
        "one GPU after the other",
        "devices that compute while any does",
        of("one_after_other", computing_at_once),
        most=1 + NONE,
    ),
    Check(
        "the GPUs work at once",
        "devices that compute while any does",
        of("pipelined", computing_at_once),
        least=1.5,
    ),
    Check(
        "the sender stands still",
        "share of the peer copies with kernels on both sides, copies in the compute stream",
        of("pipelined", transfers_beside_both),
        most=0.1,
    ),
    Check(
        TELLING,
        "share of the peer copies with kernels on both sides",
        of("copy_stream", transfers_beside_both),
        least=0.7,
    ),
    Check(
        "copy_stream: efficient",
        "busiest engine of any device as a share of the makespan over all",
        of("copy_stream", engine_bound_share),
        least=0.85,
    ),
)
