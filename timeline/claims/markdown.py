"""The ledger as a Markdown page."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from timeline.claims.claim import PROBES, Claim, Evidence, Part
from timeline.claims.findings import Finding, value_text
from timeline.claims.ledger import Entry, Verdict
from timeline.samples import table

__all__ = ["anchor", "limits_text", "markdown", "verdicts_text"]

INTRODUCTION = """\
# The chapter's claims, put to the test

What the chapter on inter-kernel pipelining says, in our own words, and what recordings on GPUs say
of it. `tools/claims_page.py` writes this page from [samples](../samples/README.md); no figure and
no verdict in it was typed. The same for recordings of your own:

```sh
timeline run three_way_overlap --variant all -o runs
timeline claims --samples runs
```

A claim **holds** when every figure that decides it lies within its limits, **with a condition**
when one that limits it does not, and is **not measured yet** before anything that decides it was
recorded on a GPU; a simulation decides nothing. Figures of techniques are medians over the repeats;
*probes* are those of `python -m benchmarks.semantics`.
"""

_PARTS = {
    Part.DECIDES: "decides",
    Part.SUPPORTS: "supports",
    Part.LIMITS: "limits",
    Part.TELLS: "–",
}


def markdown(entries: Sequence[Entry], samples: str = "../samples") -> str:
    """A summary, then each claim with all its figures.

    Parameters
    ----------
    samples : str
        What links to samples begin with.
    """
    parts = [INTRODUCTION, f"{verdicts_text(entries)}\n", _summary(entries)]
    for section in dict.fromkeys(entry.claim.section for entry in entries):
        parts.append(f"## {section}\n")
        mine = (entry for entry in entries if entry.claim.section == section)
        parts += [part for entry in mine for part in _entry(entry, samples)]
    return "\n".join(parts).rstrip() + "\n"


def verdicts_text(entries: Sequence[Entry]) -> str:
    """How many claims have which verdict."""
    verdicts = [entry.verdict for entry in entries]
    counts = [f"{v.value}: {verdicts.count(v)}" for v in Verdict if v in verdicts]
    return f"{len(entries)} claims; {', '.join(counts)}."


def _summary(entries: Sequence[Entry]) -> str:
    rows = (
        (
            str(entry.claim.number),
            f"[{entry.claim.title}](#{anchor(entry.claim)})",
            f"**{entry.verdict.value}**",
            " ".join(entry.conditions) if entry.verdict is Verdict.CONDITION else "",
        )
        for entry in entries
    )
    return table(("", "claim", "verdict", "condition"), rows)


def anchor(claim: Claim) -> str:
    """Of a claim's heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", _heading(claim).lower()).replace(" ", "-")


def _heading(claim: Claim) -> str:
    return f"{claim.number}. {claim.title}"


def _entry(entry: Entry, samples: str) -> Iterator[str]:
    yield f"### {_heading(entry.claim)}\n"
    yield f"{entry.claim.text}\n"
    said = " ".join((*entry.conditions, *entry.remarks))
    yield f"Verdict: **{entry.verdict.value}**. {said}".rstrip() + "\n"
    if entry.found:
        yield table(
            ("figure", "found", "must be", "the figure", "from"),
            (_row(found, samples) for found in entry.found),
        )
        origins = dict.fromkeys(str(o) for found in entry.found for o in found.origins)
        yield f"Recorded on: {'; '.join(origins)}.\n"
    if entry.missing:
        yield f"Not recorded yet: {'; '.join(map(_missing, entry.missing))}.\n"


def _row(found: Finding, samples: str) -> Sequence[str]:
    inside = "" if found.ok else " (not)"
    return (
        found.evidence.doc,
        found.text,
        limits_text(found.evidence) + inside,
        _PARTS[found.evidence.part],
        ", ".join(_link(place, samples) for place in found.samples),
    )


def limits_text(evidence: Evidence) -> str:
    """The limits in words; nothing where there are none."""
    if evidence.least == evidence.most:
        return value_text(evidence.least, evidence.unit)
    limits = (("at least", evidence.least), ("at most", evidence.most))
    return ", ".join(
        f"{word} {value_text(limit, evidence.unit)}"
        for word, limit in limits
        if math.isfinite(limit)
    )


def _link(place: str, samples: str) -> str:
    name = "probes" if place.endswith(".json") else place
    return f"[{name}]({samples}/{place})"


def _missing(evidence: Evidence) -> str:
    source = "probes" if evidence.technique == PROBES else f"`{evidence.technique}`"
    return f"{source}, {evidence.doc}"
