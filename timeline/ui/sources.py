"""The traces that the dashboard can offer: those named, the recorded samples, uploads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from timeline.formats import is_foreign
from timeline.samples import samples_folder

__all__ = ["Found", "find", "samples_folder", "version"]

_META = "meta.json"
_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A trace that can be opened.

    Attributes
    ----------
    label : str
        Untrusted text: its path below where it was looked for.
    """

    label: str
    path: Path


def find(places: Iterable[Path]) -> list[Found]:
    """List the traces at ``places``: each a trace, or a folder of traces, three levels deep."""
    found: dict[Path, Found] = {}
    for place in places:
        base = place.resolve()
        for path in _below(base, _DEEPEST):
            label = str(path.relative_to(base)) if path != base else base.name
            found.setdefault(path, Found(label.removesuffix(".zip"), path))
    return list(found.values())


def _below(path: Path, levels: int) -> Iterator[Path]:
    if path.suffix == ".zip" or (path / _META).is_file() or _is_named_file(path, levels):
        yield path
    elif levels and path.is_dir():
        for inner in sorted(path.iterdir()):
            if inner.is_dir() or inner.suffix == ".zip":
                yield from _below(inner, levels - 1)


def _is_named_file(path: Path, levels: int) -> bool:
    """Whether somebody else's file was named itself; those in folders are not looked for."""
    return levels == _DEEPEST and is_foreign(path)


def version(path: Path) -> tuple[int, int]:
    """Something that changes when the trace does: (time of the last change in ns, bytes)."""
    file = path / _META if path.is_dir() else path
    state = file.stat()
    return state.st_mtime_ns, state.st_size
