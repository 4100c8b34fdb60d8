"""The traces of one technique's folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from timeline.trace import Trace

__all__ = ["SampleFolder", "samples_folder"]


class SampleFolder(Mapping[str, Trace]):
    """Traces by variant, each read when it is first asked for."""

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
