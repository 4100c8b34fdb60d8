"""The recorded variants of a technique, measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from timeline.samples.origin import gpus
from timeline.samples.totals import Totals, totals
from timeline.techniques import NAMES, technique
from timeline.trace import Trace

__all__ = ["Sample", "contrast", "recorded", "recorded_techniques"]

_META = "meta.json"

FASTER = 1.02
"""How many times faster counts as faster: the repeats differ by less than that."""


@dataclass(frozen=True, eq=False, slots=True)
class Sample:
    """A recorded variant.

    Attributes
    ----------
    changes : str
        What it changes; see :class:`timeline.techniques.Variant`.
    """

    technique: str
    variant: str
    changes: str
    folder: Path
    trace: Trace
    totals: Totals

    @property
    def gpus(self) -> str:
        """The devices that it was recorded on."""
        return gpus(self.trace)


def recorded_techniques(folder: Path) -> list[str]:
    """Techniques of which the folder holds a recorded variant, in the chapter's order."""
    return [name for name in NAMES if any((folder / name).glob(f"*/{_META}"))]


def recorded(folder: Path, name: str) -> list[Sample]:
    """The recorded variants of a technique in its own order, the baseline first if it is there."""
    found = []
    for variant in technique(name).variants:
        place = folder / name / variant.name
        if (place / _META).is_file():
            trace, measured = _measured(place, (place / _META).stat().st_mtime_ns)
            found.append(Sample(name, variant.name, variant.changes, place, trace, measured))
    return found


def contrast(samples: Sequence[Sample]) -> tuple[Sample, Sample]:
    """The two variants that tell most: the pair that the technique names, or baseline and fastest.

    Those on other devices than the first are left out. Of variants about as fast as the fastest,
    the last counts, which is the furthest from the baseline. Where none is faster than the
    baseline, because the technique shows what goes wrong, the slowest stands in its place.
    """
    alike = {each.variant: each for each in samples if each.gpus == samples[0].gpus}
    pair = technique(samples[0].technique).pair
    if pair and alike.keys() >= set(pair):
        return alike[pair[0]], alike[pair[1]]
    first, *others = alike.values()
    if not others:
        return first, first
    least = min(map(_makespan_ns, others))
    fastest = [each for each in others if _makespan_ns(each) <= FASTER * least][-1]
    if _makespan_ns(first) > FASTER * least:
        return first, fastest
    return max(others, key=_makespan_ns), fastest


def _makespan_ns(sample: Sample) -> int:
    return sample.totals.makespan_ns


@lru_cache(maxsize=256)
def _measured(place: Path, _changed_ns: int) -> tuple[Trace, Totals]:
    """A trace and its measures; read again when its folder changes."""
    trace = Trace.load(place)
    return trace, totals(trace)
