"""What a page calls a trace."""

from __future__ import annotations

from timeline.techniques import NAMES, technique
from timeline.trace import Meta

__all__ = ["title_of"]


def title_of(name: str, meta: Meta) -> str:
    """Technique and variant of a trace that tells them, else its name; untrusted text."""
    known, variant = meta.labels.get("technique"), meta.labels.get("variant")
    if known not in NAMES:
        return name
    title = technique(str(known)).title
    return f"{title} · {variant}" if variant else title
