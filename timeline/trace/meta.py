"""What a trace says about itself: where it comes from, on what, and how far to trust it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from timeline.errors import TraceError, shortened
from timeline.text import unicode
from timeline.trace.kept import Kept
from timeline.trace.schema import VERSION

__all__ = ["Device", "Meta", "is_meta", "is_meta_json"]

Json = Any

FORMAT = "timeline-trace"


@dataclass(frozen=True, slots=True)
class Device:
    """A device of the trace; unknown figures are None."""

    id: int
    name: str
    compute_capability: str | None = None
    sm_count: int | None = None
    copy_engines: int | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Meta:
    """Provenance of a trace.

    Attributes
    ----------
    source : str
        What measured the times: ``cupti``, ``cuda_events``, ``sim``, or the importer's format.
    epoch_ns : int
        Unix time, in ns, of the trace's time 0; 0 for a simulated trace.
    labels : mapping
        ``technique``, ``variant`` and parameters of the Program, if there was one.
    repeats : tuple of (int, int)
        Host span of each repeat of the Program, ns; an activity belongs to the repeat in whose
        span it starts. Empty for recorded scripts and imports.
    paced : str
        ``gated`` (streams were held until the host had enqueued everything), ``partly`` (until the
        first operation at which the host waits), ``host`` (not held) or ``""`` (not known).
    dropped : int
        Records that the collector lost.
    verified : int
        Known answers checked, over all repeats; every one held, or there would be no trace.
    provenance : mapping
        Versions (driver, CUDA, CUPTI, CuPy, Python, timeline), date, command, host.
    notes : tuple of str
        What the reader must know, one sentence each.
    kept : Kept or None
        How much of a recording is here, where that is not all of it.
    """

    source: str
    epoch_ns: int = 0
    devices: tuple[Device, ...] = ()
    labels: Mapping[str, Json] = field(default_factory=dict)
    repeats: tuple[tuple[int, int], ...] = ()
    paced: str = ""
    dropped: int = 0
    verified: int = 0
    provenance: Mapping[str, Json] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    kept: Kept | None = None
    version: int = VERSION

    def to_json(self) -> dict[str, Json]:
        """As a JSON object."""
        return {"format": FORMAT, **dataclasses.asdict(self)}

    def missing(self) -> tuple[str, ...]:
        """What was recorded and is not here, one sentence each."""
        lost = (f"{self.dropped:,} records were lost.",) if self.dropped else ()
        return (*lost, *(self.kept.notes() if self.kept else ()))

    def of(self, kept: Kept | None) -> Meta:
        """Say how much is here, in notes as well; what is whole says nothing."""
        if kept is None or kept.whole:
            return dataclasses.replace(self, kept=None)
        notes = dict.fromkeys((*self.notes, *kept.notes()))
        return dataclasses.replace(self, kept=kept, notes=tuple(notes))

    @classmethod
    def from_json(cls, value: Json, place: str) -> Meta:
        """Read the object of :meth:`to_json`; ``place`` names it in errors.

        Fields that this version doesn't know are left aside.
        """
        if not isinstance(value, dict) or value.get("format") != FORMAT:
            raise TraceError(f"{place}: not the meta.json of a timeline trace")
        version = value.get("version")
        if not isinstance(version, int) or version < 1:
            raise TraceError(f"{place}: no format version")
        if version > VERSION:
            raise TraceError(
                f"{place}: written in format version {version}, this timeline reads up to "
                f"{VERSION}; upgrade with: pip install -U cuda-timeline"
            )
        fields = unicode(_known(cls, value))
        _check_types(fields, place)
        try:
            fields["devices"] = tuple(
                Device(**_known(Device, d)) for d in fields.get("devices", ())
            )
            fields["repeats"] = tuple((int(a), int(b)) for a, b in fields.get("repeats", ()))
            fields["notes"] = tuple(str(n) for n in fields.get("notes", ()))
            fields["kept"] = Kept.from_json(fields.get("kept"))
            return cls(**fields)
        except (TypeError, ValueError, AttributeError, OverflowError) as error:
            raise TraceError(f"{place}: malformed: {shortened(error)}") from error


_TYPES: Mapping[str, type] = {
    "source": str,
    "epoch_ns": int,
    "labels": dict,
    "paced": str,
    "dropped": int,
    "verified": int,
    "provenance": dict,
    "repeats": list,
    "devices": list,
    "notes": list,
}


def _known(kind: type, value: dict[str, Json]) -> dict[str, Json]:
    names = {f.name for f in dataclasses.fields(kind)}
    return {key: item for key, item in value.items() if key in names}


def _check_types(fields: dict[str, Json], place: str) -> None:
    for name, kind in _TYPES.items():
        if name in fields and not isinstance(fields[name], kind):
            raise TraceError(f"{place}: malformed: {name!r} must be a JSON {kind.__name__}")


def is_meta(text: bytes) -> bool:
    """Whether ``text`` is the meta.json of a timeline trace, of any version."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return is_meta_json(value)


def is_meta_json(value: Json) -> bool:
    """Whether ``value`` is what :meth:`Meta.to_json` gives, of any version."""
    return isinstance(value, dict) and value.get("format") == FORMAT
