"""Many traces of one job, a rank each: measured on all cores or on a cluster, then aligned."""

from timeline.ranks.job import Job, job
from timeline.ranks.measure import measure
from timeline.ranks.places import expand, is_remote
from timeline.ranks.runners import Runner, on_cluster, on_cores
from timeline.ranks.summary import RankSummary

__all__ = [
    "Job",
    "RankSummary",
    "Runner",
    "expand",
    "is_remote",
    "job",
    "measure",
    "on_cluster",
    "on_cores",
]
