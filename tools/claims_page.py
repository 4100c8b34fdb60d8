"""Writes ``docs/claims.md``: the chapter's claims, judged by the recordings in ``samples/``.

Run it as ``python tools/claims_page.py``; ``--check`` only says whether the page is current.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from timeline.claims import CLAIMS, Recordings, ledger
from timeline.claims.markdown import markdown

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "samples"
PAGE = ROOT / "docs" / "claims.md"


def page(samples: Path) -> str:
    """The whole page."""
    return markdown(list(ledger(CLAIMS, Recordings.at(samples))))


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page, or check it; 1 when it is out of date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("samples", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args(argv)
    text = page(args.samples)
    if not args.check:
        PAGE.write_text(text, encoding="utf-8")
        print(PAGE)
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        print(f"{PAGE} is out of date: python tools/claims_page.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
