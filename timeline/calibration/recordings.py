"""The recordings that a device is fitted from, and those held out to check the fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from timeline.errors import UsageError
from timeline.trace import Trace

__all__ = ["HELD_OUT_RULE", "Recording", "read_recordings", "split"]

EVERY = 3
HELD_OUT_RULE = "in the order of their names, the first and every third after it is held out"

MEASURED = ("cupti", "cuda_events")


@dataclass(frozen=True, slots=True)
class Recording:
    """A trace and what it is called: ``technique/variant``, or its place for any other.

    Attributes
    ----------
    place : str
        Where it lies in the folder that was given; the name where two would have the same.
    """

    name: str
    trace: Trace
    place: str = ""

    @property
    def gpu(self) -> str:
        """The driver's name of its first device."""
        devices = self.trace.meta.devices
        return devices[0].name if devices else "unknown"


def read_recordings(places: Iterable[Path], gpu: str | None = None) -> list[Recording]:
    """The recordings at ``places``, each a trace or a folder of traces, in the order of names.

    Parameters
    ----------
    gpu : str, optional
        Only those whose GPU has this in its name (upper and lower case are alike).

    Raises
    ------
    UsageError
        When there are none, or they are of several GPU models.
    TraceError
        For one that can't be read.
    """
    found = _told_apart([made for place in places for made in _recordings(place)])
    measured = [each for each in found if each.trace.meta.source in MEASURED]
    wanted = [each for each in measured if gpu is None or gpu.lower() in each.gpu.lower()]
    if not wanted:
        models = ", ".join(sorted({each.gpu for each in measured})) or "no GPU"
        raise UsageError(f"no recordings to fit a device from: those given are of {models}")
    models = ", ".join(sorted({each.gpu for each in wanted}))
    if len({each.gpu for each in wanted}) > 1:
        raise UsageError(f"recordings of several GPU models, {models}: choose one with --gpu")
    return sorted(wanted, key=lambda each: each.name)


def _told_apart(found: list[Recording]) -> list[Recording]:
    """No two of one name: all but the shortest place of a name are called by their place."""
    shortest: dict[str, str] = {}
    for each in found:
        place = shortest.setdefault(each.name, each.place)
        shortest[each.name] = min(place, each.place, key=lambda text: (len(text), text))
    return [r if shortest[r.name] == r.place else replace(r, name=r.place) for r in found]


def _recordings(place: Path) -> Iterable[Recording]:
    if not place.is_dir() or (place / "meta.json").is_file():
        yield _recording(place, str(place))
        return
    for meta in sorted(place.rglob("meta.json")):
        yield _recording(meta.parent, str(meta.parent.relative_to(place)))


def _recording(folder: Path, place: str) -> Recording:
    trace = Trace.load(folder)
    labels = trace.meta.labels
    name = place
    if "technique" in labels and "variant" in labels:
        name = f"{labels['technique']}/{labels['variant']}"
    return Recording(name, trace, place)


def split(recordings: Sequence[Recording]) -> tuple[list[Recording], list[Recording]]:
    """Those to fit from, and those held out: :data:`HELD_OUT_RULE`, a third or more of them.

    A single recording is fitted from; nothing is left to check it.
    """
    if len(recordings) == 1:
        return list(recordings), []
    fitted = [each for i, each in enumerate(recordings) if i % EVERY]
    return fitted, list(recordings[::EVERY])
