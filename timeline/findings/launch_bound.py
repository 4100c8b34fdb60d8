"""Many short kernels, with as much time between them as a graph would save."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from timeline.analysis.execution import Cause
from timeline.analysis.execution.predecessors import UNHINDERED_NS
from timeline.engines import SM
from timeline.findings.case import Case
from timeline.findings.detector import Detector, Evidence

__all__ = ["DETECTOR"]

FEWEST = 20
"""Kernels on the path below which a graph is not worth its capture."""

GRAPH_GAP_NS = 800
"""Between dependent nodes of a graph on an H200 (``samples/calibration``)."""


def find(case: Case) -> Iterator[Evidence | str]:
    """Cost: latencies before kernels on the critical path, beyond those between graph nodes."""
    work, steps = case.work, case.path.steps
    late = np.flatnonzero((steps.causes == Cause.LATENCY) & (steps.places >= 0))
    places = steps.places[late]
    length = (steps.ends - steps.starts)[late]
    in_graph = work.column("graph_node")[places] > 0
    mine = case.on(SM)[places] & ~in_graph & (length <= UNHINDERED_NS)
    late, places, length = late[mine], places[mine], length[mine]
    if len(places) < FEWEST:
        return
    saved = np.maximum(length - GRAPH_GAP_NS, 0)
    names = len(np.unique(work.column("name")[places]))
    yield Evidence(
        work.rows[places],
        steps.starts[late],
        steps.ends[late],
        saved,
        int(saved.sum()),
        "path",
        "latencies before kernels of the critical path, less "
        f"{GRAPH_GAP_NS} ns each, which is what lies between nodes of a graph",
        f"{len(places):,} launches of {names:,} kernels on the critical path, each "
        f"{int(np.median(length)):,} ns late in the median though nothing held it",
    )


DETECTOR = Detector(
    "launch-bound",
    "short kernels with launch latency between them",
    "Capture the sequence once (cudaStreamBeginCapture, cudaStreamEndCapture, "
    "cudaGraphInstantiate) and replay it with one cudaGraphLaunch; or fuse the kernels.",
    "graph_capture",
    "capture_graph",
    find,
)
