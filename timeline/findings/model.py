"""What a finding holds, and what a diagnosis says that it could not find out."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["LEAST_SHARE", "Diagnosis", "Finding", "Site", "Unknown", "severity_of"]

LEAST_SHARE = 0.03
"""Share of the makespan from which a cost is worth a finding: two in three of the recordings differ
by less than this from repeat to repeat (docs/findings.md), so less would mostly not be seen."""

_SEVERITIES = ((0.10, "high"), (0.05, "medium"))


def severity_of(share: float) -> str:
    """``high`` from a tenth of the makespan on, ``medium`` from a twentieth, or ``low``."""
    return next((name for least, name in _SEVERITIES if share >= least), "low")


@dataclass(frozen=True, slots=True)
class Site:
    """Where in the program it was asked for.

    Attributes
    ----------
    range : str
        The innermost NVTX range that the call was made in, or "".
    call : str
        The API call, or "" where the trace has none.
    activity : str
        Name of the kernel, copy or fill that it issued, or "".
    count : int
        Calls from there among the evidence that was looked up.
    ns : int
        Their part of the evidence.
    """

    range: str
    call: str
    activity: str
    count: int
    ns: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that cost time, and what would mend it.

    Attributes
    ----------
    code : str
        Stable name of the cause, such as ``legacy-stream-barrier``.
    title, summary : str
        The cause, and what was seen of it in this trace.
    severity : {"high", "medium", "low"}
        By ``share``.
    device : int
        Device that it was found on; -1 when the trace names none.
    cost_ns : int
        What it cost, ns.
    share : float
        ``cost_ns`` as a part of the makespan.
    cost_by : str
        Kind of formula: ``what-if`` (makespan less the one predicted without it), ``replay``
        (less that of the same work dealt out anew), ``path`` (time on the critical path), ``idle``
        (of the engine that bounds the work), ``busy`` (of an engine) or ``waits`` (of the work that
        waited; the makespan need not have grown).
    cost_how : str
        The formula in words.
    rows : tuple of int
        Rows of ``trace.activities``, what cost most first; at most :data:`MOST_ROWS`.
    count : int
        Occurrences, of which ``rows`` are some.
    streams : tuple of int
        Streams of the evidence.
    sites : tuple of Site
        Call sites, what cost most first; at most :data:`MOST_SITES`.
    span : (int, int)
        Trace time, ns, of the costliest occurrence: where to look.
    advice : str
        What to do, with the call to use.
    page : str
        The technique's page below the project's folder.
    fix : str or None
        The what-if transformation that does it, as ``timeline whatif --apply`` takes it.
    assumed : tuple of str
        What the cost takes for granted because the trace does not tell.
    """

    code: str
    title: str
    summary: str
    severity: str
    device: int
    cost_ns: int
    share: float
    cost_by: str
    cost_how: str
    rows: tuple[int, ...]
    count: int
    streams: tuple[int, ...]
    sites: tuple[Site, ...]
    span: tuple[int, int]
    advice: str
    page: str
    fix: str | None
    assumed: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class Unknown:
    """What a trace lacks, so that a cause can neither be found nor ruled out.

    Attributes
    ----------
    code : str
        The finding that it is about, or "" for all of them.
    """

    code: str
    device: int
    text: str

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Findings by cost, and what could not be known."""

    findings: tuple[Finding, ...]
    unknown: tuple[Unknown, ...]

    def only(self, codes: Sequence[str]) -> Diagnosis:
        """Of these codes alone, with what concerns all; everything without any code."""
        if not codes:
            return self
        found = tuple(one for one in self.findings if one.code in codes)
        return Diagnosis(found, tuple(n for n in self.unknown if n.code in ("", *codes)))

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "findings": [found.to_json() for found in self.findings],
            "unknown": [note.to_json() for note in self.unknown],
        }
