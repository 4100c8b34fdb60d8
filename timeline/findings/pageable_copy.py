"""Copies from or to pageable memory: they block their thread and are slow."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from timeline.analysis.execution import Cause
from timeline.findings.case import Case
from timeline.findings.detector import Detector, Evidence

__all__ = ["DETECTOR"]


def find(case: Case) -> Iterator[Evidence | str]:
    """Cost: the critical path's time in such copies and in the calls that made them."""
    copies = case.word("kind", "memcpy")
    pageable = case.word("src_kind", "pageable") | case.word("dst_kind", "pageable")
    if not pageable.any():
        told = (case.work.column("src_kind") >= 0) | (case.work.column("dst_kind") >= 0)
        if copies.any() and not told[copies].any():
            yield "copies don't say whether their host memory is pinned or pageable"
        return
    work = case.work
    places = np.flatnonzero(pageable)
    calls = np.zeros(len(case.execution.calls), np.bool_)
    issued = case.execution.calls.issued[places]
    calls[issued[issued >= 0]] = True
    cost = case.path_ns(Cause.ACTIVITY, pageable) + case.path_ns(Cause.CALL, calls)
    amount = int(np.maximum(work.column("bytes")[places], 0).sum())
    yield Evidence(
        work.rows[places],
        work.starts[places],
        work.ends[places],
        work.ends[places] - work.starts[places],
        cost,
        "path",
        "time of the critical path in these copies and in the calls that made them; from pinned "
        "memory the copies themselves remain, several times as fast",
        f"{len(places):,} copies of {amount / 1e6:,.1f} MB in all from or to pageable memory",
    )


DETECTOR = Detector(
    "pageable-copy",
    "copies of pageable memory block the host and lose their overlap",
    "Allocate the host side with cudaHostAlloc (cudaHostRegister for memory that is there; "
    "pin_memory=True and non_blocking=True in PyTorch), and keep cudaMemcpyAsync.",
    "pinned_vs_pageable",
    "pin_copies",
    find,
)
