"""What the variants of ``two_pipelines`` must show."""

from timeline.analysis.role_figures import kernels_ns, roles_at_once
from timeline.analysis.shows.check import NONE, Check, of, times
from timeline.analysis.technique_figures import hidden_copies

__all__ = ["CHECKS", "TELLING"]

TELLING = "two stages"

CHECKS = (
    Check(
        "one stage",
        "share of the shorter of loader and compute beside the other, inside a block",
        of("one_stage", roles_at_once("loader", "compute")),
        most=0.25,
    ),
    Check(
        "two stages",
        "share of the shorter of loader and compute beside the other, inside a block",
        of("two_stages", roles_at_once("loader", "compute")),
        least=0.6,
    ),
    Check(
        "its gain",
        "time in kernels, as a multiple of that with one stage",
        times("two_stages", "one_stage", kernels_ns),
        most=0.85,
    ),
    Check(
        "one stream",
        "hidden copy ratio",
        of("two_stages", hidden_copies),
        most=NONE,
    ),
    Check(
        "streams on top",
        "hidden copy ratio",
        of("two_streams", hidden_copies),
        least=0.25,
    ),
)
