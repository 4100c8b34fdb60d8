"""What the head of a page says of a trace: where its times come from, and how far to trust them."""

from __future__ import annotations

from dataclasses import dataclass

from timeline.figures.escape import html_text
from timeline.trace import Meta

__all__ = ["Fact", "facts", "head", "warnings"]

_SOURCES = {
    "cupti": "measured with CUPTI",
    "cuda_events": "measured with CUDA events",
    "sim": "simulated",
    "host": "of the host alone, no GPU",
}
_PACED = {
    "gated": "streams held until everything was enqueued",
    "partly": "streams held up to the first host wait",
    "host": "host enqueued while the device ran",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """A word or two, and what they stand for."""

    label: str
    value: str
    strong: bool = False


def facts(meta: Meta) -> list[Fact]:
    """What is known of a trace's origin, the most important first. Values are untrusted text."""
    known = [Fact("times", _SOURCES.get(meta.source, f"imported: {meta.source}"), strong=True)]
    known += [Fact(f"GPU {d.id}", _device(d.name, d.compute_capability)) for d in meta.devices]
    settings = {k: v for k, v in meta.labels.items() if k not in ("technique", "variant")}
    for key in ("technique", "variant"):
        if key in meta.labels:
            known.append(Fact(key, str(meta.labels[key])))
    if settings:
        known.append(Fact("with", ", ".join(f"{k} = {v}" for k, v in settings.items())))
    known += [Fact(key, str(meta.provenance[key])) for key in _WANTED if key in meta.provenance]
    if meta.paced:
        known.append(Fact("pacing", _PACED.get(meta.paced, meta.paced)))
    if meta.repeats:
        known.append(Fact("repeats", str(len(meta.repeats))))
    if meta.verified:
        known.append(Fact("verified", f"{meta.verified} known answers"))
    return known


_WANTED = ("date", "driver", "cuda", "cupti")


def _device(name: str, capability: str | None) -> str:
    return f"{name} (sm_{capability.replace('.', '')})" if capability else name


def warnings(meta: Meta) -> list[str]:
    """Return what a reader must not miss; untrusted text."""
    lost = f"{meta.dropped:,} records were dropped: the picture has gaps, and sums are too small"
    return ([lost] if meta.dropped else []) + list(meta.notes)


def head(meta: Meta) -> str:
    """The facts as HTML, everything escaped."""
    parts = "".join(
        f'<span class="fact{" strong" if fact.strong else ""}">'
        f"<b>{html_text(fact.label, 40)}</b>{html_text(fact.value, 300)}</span>"
        for fact in facts(meta)
    )
    return f'<div class="facts">{parts}</div>'
