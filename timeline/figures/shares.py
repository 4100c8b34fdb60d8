"""Where the makespan of a device went: rows that each divide it, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from timeline.engines import ENGINES, SM
from timeline.figures.palette import ENGINE_ROLES

__all__ = ["Look", "Part", "ShareRow", "cause_looks", "share_rows"]

Device = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """How a part is drawn: the colour of a role of the palette, perhaps under a pattern.

    Attributes
    ----------
    pattern : str
        One of Plotly's pattern shapes; empty for a plain fill. Every idle cause has one: whatever
        is patterned is time in which nothing was done.
    """

    role: str
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a row."""

    name: str
    ns: int
    look: Look


@dataclass(frozen=True, slots=True)
class ShareRow:
    """A row; its parts add up to the makespan, those of copies to their time."""

    label: str
    parts: tuple[Part, ...]


_SM = "sm0"
_CAUSES = {
    "dependency": ("waits for a dependency", "/"),
    "barrier": ("held at the default stream", "x"),
    "synchronisation": ("host synchronises", "\\"),
    "allocation": ("host allocates or frees", "+"),
    "blocking_copy": ("blocking copy", "|"),
    "host": ("host is late", "-"),
    "calls": ("API calls", "-"),
    "latency": ("latency", "."),
    "unknown": ("unknown", ""),
    "nothing": ("nothing to do", ""),
}
_AT_ONCE = ("busy", "overlap", "overlap3")


def cause_looks() -> dict[str, tuple[str, Look]]:
    """Of each cause of idle time its words and its look."""
    return {cause: (words, _cause_look(cause)) for cause, (words, _) in _CAUSES.items()}


def share_rows(device: Device) -> list[ShareRow]:
    """Rows of a device of a report: engines at once, the critical path, each engine, the copies.

    Parameters
    ----------
    device : mapping
        An entry of ``devices`` in the JSON of :func:`timeline.report.report`.
    """
    found = (_at_once(device), _path(device), *_engines(device), _copies(device))
    rows = (ShareRow(r.label, tuple(p for p in r.parts if p.ns)) for r in found if r is not None)
    return [row for row in rows if row.parts]


def _at_once(device: Device) -> ShareRow | None:
    counts = device["concurrency_ns"]
    if sum(1 for row in device["engines"].values() if row["activities"]) < 2:
        return None
    names = ["none", "one engine", *(f"{n} at once" for n in range(2, len(counts)))]
    looks = [Look("blocked", "/"), *(Look(_AT_ONCE[min(n, 2)]) for n in range(len(counts)))]
    found = [Part(*part) for part in zip(names, counts, looks, strict=False)]
    return ShareRow("engines at once", tuple(reversed(found)))


def _path(device: Device) -> ShareRow | None:
    shares = device["path_taken_ns"]
    if not shares:
        return None
    busy = [name for name in (*ENGINES, "other") if name in shares]
    rest = [name for name in shares if name not in busy]
    return ShareRow("critical path", tuple(_part(name, shares[name]) for name in (*busy, *rest)))


def _engines(device: Device) -> Iterator[ShareRow]:
    for name, engine in device["engines"].items():
        if engine["activities"]:
            causes = device["idle_causes_ns"].get(name)
            if causes is None:
                causes = {"unknown": device["makespan_ns"] - engine["busy_ns"]}
            idle = (_part(cause, ns) for cause, ns in causes.items())
            yield ShareRow(name, (_part(name, engine["busy_ns"]), *idle))


def _copies(device: Device) -> ShareRow | None:
    if not device["copy_ns"]:
        return None
    hidden = Part("hidden by kernels", device["hidden_copy_ns"], Look("overlap3"))
    exposed = Part("exposed", device["exposed_copy_ns"], Look("blocked", "/"))
    return ShareRow("copies", (hidden, exposed))


def _part(name: str, ns: int) -> Part:
    if name in _CAUSES:
        return Part(_CAUSES[name][0], ns, _cause_look(name))
    return Part(f"{name} busy", ns, Look(ENGINE_ROLES.get(name, _SM if name == SM else "busy")))


def _cause_look(cause: str) -> Look:
    return Look("range" if cause == "nothing" else "blocked", _CAUSES[cause][1])
