"""Work in the legacy default stream that blocking streams waited for, or that waited for them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from timeline.analysis import barriers
from timeline.findings.case import Case
from timeline.findings.detector import Detector, Evidence
from timeline.intervals import measure, union

__all__ = ["DETECTOR"]


def find(case: Case) -> Iterator[Evidence | str]:
    """Cost: waits at the barrier of what lies on the critical path."""
    if len(case.stream_kinds) < 2:
        return
    found = barriers(case.work)
    if found is None:
        yield "the trace lacks kinds of streams, correlation ids or API calls"
        return
    if not len(found):
        return
    place = np.searchsorted(case.work.rows, found.waiting)
    held = case.on_path[place]
    cost = measure(*union(found.starts[held], found.ends[held]))
    legacy = np.where(found.into_legacy, found.waiting, found.waited_for)
    names = case.work.trace.names("activities", "name")
    codes = np.unique(case.work.trace.column("activities", "name")[legacy])
    who = ", ".join(names[code] for code in codes[:3].tolist() if code >= 0)
    yield Evidence(
        legacy,
        found.starts,
        found.ends,
        found.waited_ns,
        cost,
        "path",
        "time that activities on the critical path waited at the barrier, though their own stream "
        "and events were ready",
        f"{len(found):,} waits at the legacy default stream, for {who or 'work'} in it",
    )


DETECTOR = Detector(
    "legacy-stream-barrier",
    "the legacy default stream holds every blocking stream",
    "Launch it into a stream of its own, made with cudaStreamCreateWithFlags(&stream, "
    "cudaStreamNonBlocking); or make the other streams so; or compile with "
    "--default-stream per-thread.",
    "default_stream_barrier",
    "named_streams",
    find,
)
