"""The claims ledger: what the chapter says, put to the test by recordings.

A claim is data: a statement, and the evidence that decides it (:mod:`timeline.claims.claim`). Its
verdict is computed from recorded traces and probes (:mod:`timeline.claims.ledger`) and is never
written down. One module a section holds the claims.
"""

from timeline.claims.catalog import CLAIMS, claim
from timeline.claims.claim import Claim, Evidence, Part
from timeline.claims.findings import Finding
from timeline.claims.ledger import Entry, Verdict, ledger
from timeline.claims.recordings import Recordings

__all__ = [
    "CLAIMS",
    "Claim",
    "Entry",
    "Evidence",
    "Finding",
    "Part",
    "Recordings",
    "Verdict",
    "claim",
    "ledger",
]
