"""The baseline: figures of traces that were found good, as one JSON file for version control."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from timeline.check.figures import Name
from timeline.check.identity import Identity, identity_of
from timeline.check.observed import Place, Values, observe
from timeline.check.sketch import Sketch, sketch_of
from timeline.errors import UsageError, unknown
from timeline.trace import Trace

__all__ = ["Baseline", "Entry", "entry_of"]


@dataclass(frozen=True, eq=False, slots=True)
class Entry:
    """What one trace, or several of the same, showed.

    Attributes
    ----------
    provenance : mapping
        Versions and date, for people: a new driver does not make figures incomparable.
    sketch : Sketch
        The timeline of the repeat of median makespan, to draw beside a later one.
    """

    identity: Identity
    figures: Mapping[Place, Mapping[Name, Values]]
    sketch: Sketch
    provenance: Mapping[str, Any] = field(default_factory=dict)


_TOLD = ("timeline", "date", "driver", "cuda_driver", "cupti")


def entry_of(
    traces: Sequence[Trace],
    name: str = "",
    ranges: Sequence[str] = (),
    windows: Sequence[str] = (),
    *,
    diagnose: bool | None = None,
) -> Entry:
    """Measure one trace, or several recordings of the same: their repeats count together.

    Several recordings show how figures vary from run to run, which the repeats of one do not.

    Parameters
    ----------
    traces : sequence of Trace
        At least one.
    name : str
        What to call traces that are of no technique.
    ranges, windows : sequence of str
        NVTX ranges and windows to measure besides the whole.
    diagnose : bool, optional
        Whether to count findings; by default see :func:`timeline.check.observed.observe`.

    Raises
    ------
    UsageError
        For traces that are not of the same, or that lack a range.
    """
    first, *others = [identity_of(trace, name) for trace in traces]
    for other in others:
        if reason := first.difference(other):
            raise UsageError(f"{first.name}: the recordings are not of the same: {reason}")
    found = [observe(trace, ranges, windows, diagnose=diagnose) for trace in traces]
    told = traces[-1].meta.provenance
    return Entry(
        first,
        _pooled(found),
        sketch_of(traces[0]),
        {key: told[key] for key in _TOLD if key in told},
    )


def _pooled(
    found: Sequence[Mapping[Place, Mapping[Name, Values]]],
) -> dict[Place, dict[Name, Values]]:
    """All values of each figure, whichever trace they are from."""
    if len(found) == 1:
        return {place: dict(figures) for place, figures in found[0].items()}
    pooled: dict[Place, dict[Name, Values]] = {}
    for place in dict.fromkeys(place for one in found for place in one):
        mine = [one.get(place, {}) for one in found]
        pooled[place] = {
            name: _joined([figures[name] for figures in mine if name in figures])
            for name in dict.fromkeys(name for figures in mine for name in figures)
        }
    return pooled


def _joined(parts: Sequence[Values]) -> Values:
    values = tuple(value for part in parts for value in part.values)
    return Values(values, next((p.of_ns for p in parts if p.of_ns is not None), None))


@dataclass(frozen=True, eq=False, slots=True)
class Baseline:
    """Entries, each of something else or of another device."""

    entries: tuple[Entry, ...] = ()

    def entry(self, wanted: Identity) -> Entry:
        """The entry that a trace can be compared with.

        Raises
        ------
        UsageError
            When there is none of that name, or none from such a device, source and parameters; it
            says what differs.
        """
        named = [entry for entry in self.entries if entry.identity.name == wanted.name]
        if not named:
            raise unknown("entry of the baseline", wanted.name, self._names())
        for entry in named:
            if not entry.identity.difference(wanted):
                return entry
        reason = named[0].identity.difference(wanted)
        raise UsageError(
            f"the baseline of {wanted.name} can't judge this trace: {reason}; make one for it with "
            "timeline baseline, or add it with timeline check --update"
        )

    def with_entry(self, new: Entry) -> Baseline:
        """The baseline with an entry added, or in the place of the one that it replaces."""
        kept = [entry for entry in self.entries if not _same(entry, new)]
        entries = sorted((*kept, new), key=lambda e: (e.identity.name, e.identity.devices))
        return Baseline(tuple(entries))

    def _names(self) -> list[str]:
        return [entry.identity.name for entry in self.entries] or ["none"]


def _same(old: Entry, new: Entry) -> bool:
    return old.identity.name == new.identity.name and not old.identity.difference(new.identity)
