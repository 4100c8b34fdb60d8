"""What the variants of ``nixl_transfer`` must show."""

from timeline.analysis.device_figures import ranges_beside_compute, ranges_share, transfers_hidden
from timeline.analysis.shows.check import NONE, Check, of

__all__ = ["CHECKS", "TELLING"]

TELLING = "nixl: beside compute"

CHECKS = (
    Check(
        "peer_copy: beside compute",
        "share of the peer copies beside a kernel of the sender",
        of("peer_copy", transfers_hidden),
        least=0.7,
    ),
    Check(
        "peer_copy: the host only enqueues",
        "share of the makespan in transfers that the host carries",
        of("peer_copy", ranges_share("transfer")),
        most=NONE,
    ),
    Check(
        TELLING,
        "share of the transfers' spans beside a kernel of the sender",
        of("nixl", ranges_beside_compute("transfer", 0)),
        least=0.6,
    ),
    Check(
        "nixl: the host carries it",
        "share of the makespan in transfers that the host carries",
        of("nixl", ranges_share("transfer")),
        least=0.2,
    ),
)
