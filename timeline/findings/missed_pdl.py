"""Dependent kernels back to back, each waiting for the whole of the one before."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from timeline.analysis import launch_gaps
from timeline.analysis.communication import collectives
from timeline.analysis.execution.predecessors import UNHINDERED_NS
from timeline.analysis.kernel_stamps import role_spans
from timeline.findings.case import Bools, Case
from timeline.findings.detector import Detector, Evidence
from timeline.intervals import Int64

__all__ = ["DETECTOR", "back_to_back"]

FIRST_WITH_PDL = (9, 0)
"""Compute capability from which devices have programmatic dependent launch."""


SHORT = 10
"""Without stamps only the launch gap can be gained: of no interest to a kernel that lasts as many
times as long."""


def find(case: Case) -> Iterator[Evidence | str]:
    """Cost: gaps between the kernels, and prologues that could have run in epilogues."""
    capability = _capability(case)
    before, after, gaps = back_to_back(case)
    if not len(gaps) or (capability is not None and capability < FIRST_WITH_PDL):
        return
    pdl = case.work.column("pdl")[after].astype(np.bool_)
    plain = np.flatnonzero(~pdl & (gaps >= 0))
    if not len(plain):
        return
    before, after, gaps = before[plain], after[plain], gaps[plain]
    hidden, told = _could_hide(case, before, after)
    short = (case.work.ends - case.work.starts)[after] < SHORT * gaps
    worth = np.flatnonzero(told | short)
    if not len(worth):
        return
    before, after, gaps = before[worth], after[worth], gaps[worth]
    hidden, told = hidden[worth], told[worth]
    saved = np.where(told, gaps + hidden, gaps)
    on_path = case.on_path[after]
    cost = int(saved[on_path].sum())
    stamped = " and the prologues that fit into the epilogues before them, by stamps"
    yield Evidence(
        case.work.rows[after],
        case.work.ends[before],
        case.work.starts[after],
        saved,
        cost,
        "path",
        "gaps between kernels of the critical path that follow each other in their stream"
        + (stamped if told.any() else "; what a prologue could hide is not known without stamps"),
        f"{int(on_path.sum()):,} kernels on the critical path started only after the one before "
        f"them in their stream had ended; gap {int(np.median(gaps)):,} ns in the median",
    )


def back_to_back(case: Case) -> tuple[Int64, Int64, Int64]:
    """Places of kernels with nothing between them in their stream, and their gaps, ns.

    Longer gaps than a launch takes are waits for something else.
    """
    found = launch_gaps(case.work)
    talking = collectives(case.work)
    before, after = (np.searchsorted(case.work.rows, r) for r in (found.before, found.after))
    near = (found.gap_ns < UNHINDERED_NS) & ~talking[before] & ~talking[after]
    return before[near], after[near], found.gap_ns[near]


def _could_hide(case: Case, before: Int64, after: Int64) -> tuple[Int64, Bools]:
    """The shorter of the first one's epilogue and the second one's prologue; where it is known."""
    epilogue = role_spans(case.work, before, "epilogue")
    prologue = role_spans(case.work, after, "prologue")
    told = epilogue.known & prologue.known
    tail = case.work.ends[before] - epilogue.last_start
    head = prologue.last_end - prologue.first_start
    return np.where(told, np.maximum(np.minimum(tail, head), 0), 0), told


def _capability(case: Case) -> tuple[int, int] | None:
    known = {d.id: d.compute_capability for d in case.work.trace.meta.devices}
    major, _, minor = (known.get(case.work.device) or "").partition(".")
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else None


DETECTOR = Detector(
    "missed-pdl",
    "dependent kernels wait for the whole of the one before",
    "Launch the second with cudaLaunchKernelEx and "
    "cudaLaunchAttributeProgrammaticStreamSerialization; call "
    "cudaTriggerProgrammaticLaunchCompletion() in the first after its last store that the second "
    "needs early, and cudaGridDependencySynchronize() in the second before it reads.",
    "pdl",
    "enable_pdl",
    find,
)
