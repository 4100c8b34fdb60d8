"""What was measured: recorded traces by technique and variant, and probes by file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from timeline.claims.claim import Json
from timeline.errors import TraceError, UsageError
from timeline.trace import Trace

__all__ = ["CALIBRATION", "Recordings", "samples_folder"]

CALIBRATION = "calibration"
PROBES = "*_semantics.json"
SIMULATED = "sim"


class Recordings:
    """Traces and probes to judge claims by. Simulated traces prove nothing and are left out.

    Parameters
    ----------
    traces : mapping of str to mapping of str to Trace
        By technique and variant.
    probes : mapping of str to JSON object, optional
        By place.
    """

    def __init__(
        self,
        traces: Mapping[str, Mapping[str, Trace]],
        probes: Mapping[str, Json] | None = None,
    ) -> None:
        self._traces = traces
        self.probes = dict(probes or {})

    @classmethod
    def at(cls, folder: Path) -> Recordings:
        """What lies in a folder such as ``samples/``: ``TECHNIQUE/VARIANT`` and ``calibration``.

        Raises
        ------
        UsageError
            When it is no folder.
        TraceError
            For probes that can't be read; traces are read when they are asked for.
        """
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder; record one with: timeline run -o DIR")
        places = sorted(place for place in folder.iterdir() if place.is_dir())
        traces = {place.name: _Folder(place) for place in places}
        probes = sorted((folder / CALIBRATION).glob(PROBES))
        return cls(traces, {f"{CALIBRATION}/{place.name}": _probes(place) for place in probes})

    def of(self, technique: str) -> Mapping[str, Trace]:
        """The recorded traces of a technique by variant; those that were simulated are not."""
        return self._traces.get(technique, {})


class _Folder(Mapping[str, Trace]):
    """Traces of a technique's folder, each read when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        found = sorted(folder.glob("*/meta.json"))
        self._places = {place.parent.name: place.parent for place in found}
        self._read: dict[str, Trace] = {}

    def __getitem__(self, variant: str) -> Trace:
        if variant not in self._read:
            self._read[variant] = Trace.load(self._places[variant])
        return self._read[variant]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def samples_folder() -> Path | None:
    """The recorded samples of a checkout; None in an installation, which has none."""
    folder = Path(__file__).resolve().parents[2] / "samples"
    return folder if folder.is_dir() else None


def _probes(place: Path) -> Json:
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TraceError(f"{place}: can't be read: {error}") from error
    if not isinstance(found, dict):
        raise TraceError(
            f"{place}: not a JSON object; make it with: python -m benchmarks.semantics"
        )
    return found
