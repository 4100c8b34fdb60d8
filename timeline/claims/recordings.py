"""What was measured: recorded traces by technique and variant, and probes by file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from timeline.claims.claim import Json
from timeline.errors import TraceError, UsageError
from timeline.samples import SampleFolder
from timeline.trace import Trace

__all__ = ["CALIBRATION", "Recordings"]

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
        traces = {place.name: SampleFolder(place) for place in places}
        probes = sorted((folder / CALIBRATION).glob(PROBES))
        return cls(traces, {f"{CALIBRATION}/{place.name}": _probes(place) for place in probes})

    def of(self, technique: str) -> Mapping[str, Trace]:
        """The recorded traces of a technique by variant; those that were simulated are not."""
        return self._traces.get(technique, {})


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
