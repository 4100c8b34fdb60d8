"""Untrusted text on a page: shown as it is, never as markup."""

from __future__ import annotations

import re

from timeline.figures.escape import plain

__all__ = ["literal"]

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def literal(words: str, longest: int = 400) -> str:
    """``words`` for Streamlit's Markdown, every ASCII punctuation mark escaped (CommonMark 2.4)."""
    return _PUNCTUATION.sub(r"\\\1", plain(words, longest))
