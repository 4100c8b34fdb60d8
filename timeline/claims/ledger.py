"""Verdicts: computed from what was found, never written down."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from timeline.claims.claim import Claim, Evidence, Part
from timeline.claims.findings import Finding, findings
from timeline.claims.recordings import Recordings

__all__ = ["Entry", "Verdict", "ledger"]


class Verdict(Enum):
    """What recordings say of a claim."""

    HOLDS = "holds"
    CONDITION = "holds with a condition"
    FAILS = "does not hold"
    UNKNOWN = "not measured yet"


@dataclass(frozen=True, slots=True)
class Entry:
    """A claim with what was found.

    Attributes
    ----------
    missing : tuple of Evidence
        What was not measured.
    """

    claim: Claim
    found: tuple[Finding, ...]
    missing: tuple[Evidence, ...]

    @property
    def verdict(self) -> Verdict:
        """``UNKNOWN`` until something that decides was measured; one figure outside refutes."""
        if not self._of(Part.DECIDES):
            return Verdict.UNKNOWN
        if not all(found.ok for found in self._of(Part.DECIDES, Part.SUPPORTS)):
            return Verdict.FAILS
        return Verdict.CONDITION if self.conditions else Verdict.HOLDS

    @property
    def conditions(self) -> tuple[str, ...]:
        """What limits the claim, of a claim that holds at all."""
        return _sentences(found for found in self._of(Part.LIMITS) if not found.ok)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What else the figures say."""
        return _sentences(self._of(Part.DECIDES, Part.SUPPORTS, Part.TELLS))

    def _of(self, *parts: Part) -> list[Finding]:
        return [found for found in self.found if found.evidence.part in parts]


def ledger(claims: Sequence[Claim], recordings: Recordings) -> Iterator[Entry]:
    """Judge claims by recordings."""
    for claim in claims:
        by_evidence = [(each, tuple(findings(each, recordings))) for each in claim.evidence]
        yield Entry(
            claim,
            tuple(found for _, measured in by_evidence for found in measured),
            tuple(each for each, measured in by_evidence if not measured),
        )


def _sentences(found: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (each.sentence for each in found))))
