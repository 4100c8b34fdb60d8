"""``timeline claims``: what the chapter says, and what recordings say of it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from timeline.cli.manual import Manual
from timeline.cli.output import console, print_json, print_table
from timeline.errors import UsageError

if TYPE_CHECKING:
    from timeline.claims import Entry, Finding

__all__ = ["Claims"]


class Claims:
    """Judges the chapter's claims by recorded traces."""

    name = "claims"
    summary = "judge the chapter's claims by recordings"
    manual = Manual(
        "Judges statements of the chapter on inter-kernel pipelining by recordings: each with "
        "what was measured, the verdict and its condition. A statement that does not hold is no "
        "failure.",
        (
            ("all of them, by the samples of the checkout", "timeline claims"),
            ("two of them in full", "timeline claims 3 7"),
            ("by your own recordings", "timeline claims --samples recordings"),
        ),
        (
            "timeline run",
            "timeline techniques",
            "docs/claims.md",
        ),
    )

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument(
            "numbers", nargs="*", type=int, metavar="NUMBER", help="only these, in full"
        )
        parser.add_argument(
            "--samples",
            type=Path,
            metavar="DIR",
            help="folder of recordings, as timeline run writes them (default: the samples of the "
            "checkout)",
        )
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="print JSON")
        form.add_argument("--markdown", action="store_true", help="print a page of Markdown")

    def run(self, args: argparse.Namespace) -> int:
        """Print the ledger; a claim that does not hold is no failure."""
        from timeline.claims import CLAIMS, Recordings, claim, ledger
        from timeline.claims.as_json import as_json
        from timeline.claims.markdown import markdown, verdicts_text

        chosen = [claim(number) for number in args.numbers] or list(CLAIMS)
        folder = args.samples or _samples()
        entries = list(ledger(chosen, Recordings.at(folder)))
        if args.json:
            print_json([as_json(entry) for entry in entries])
        elif args.markdown:
            print(markdown(entries, str(folder)), end="")
        elif args.numbers:
            for entry in entries:
                _print_one(entry)
        else:
            _print_all(entries)
            print(f"\n{verdicts_text(entries)} Each in full: timeline claims NUMBER")
        return 0


def _samples() -> Path:
    from timeline.samples import samples_folder

    if (found := samples_folder()) is None:
        raise UsageError(
            "no samples here, which only a checkout has; name a folder of recordings: "
            "timeline claims --samples DIR"
        )
    return found


def _print_all(entries: Sequence[Entry]) -> None:
    rows = [
        (str(e.claim.number), e.claim.title, e.verdict.value, ", ".join(_experiments(e)))
        for e in entries
    ]
    print_table(("", "claim", "verdict", "measured with"), rows)


def _experiments(entry: Entry) -> Iterator[str]:
    """Techniques, and the probes, that something was measured with."""
    yield from dict.fromkeys(found.evidence.technique or "probes" for found in entry.found)


def _print_one(entry: Entry) -> None:
    from timeline.claims.markdown import limits_text

    out = console()
    out.print(f"{entry.claim.number}. {entry.claim.title} ({entry.claim.section})", style="bold")
    out.print(f"{entry.claim.text}\n\nVerdict: {entry.verdict.value}")
    for sentence in (*entry.conditions, *entry.remarks):
        out.print(f"  {sentence}")
    if entry.found:
        print()
        rows = [
            (f.evidence.doc, f.text, limits_text(f.evidence), *_judged(f), ", ".join(f.samples))
            for f in entry.found
        ]
        print_table(("figure", "found", "must be", "is", "the figure", "from"), rows)
        for origin in dict.fromkeys(str(o) for f in entry.found for o in f.origins):
            out.print(f"recorded on {origin}")
    for missing in entry.missing:
        out.print(f"not recorded yet: {missing.technique or 'probes'}, {missing.doc}")
    print()


def _judged(found: Finding) -> tuple[str, str]:
    return "yes" if found.ok else "NO", found.evidence.part.value
