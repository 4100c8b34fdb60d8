"""Where indices are kept: beside their trace, or where that can't be, in the user's cache."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from timeline.tiles.index import Index
from timeline.tiles.segments import Engine, Segments
from timeline.tiles.store import load, load_idle, save, save_idle

__all__ = ["beside", "cached", "keep", "kept", "kept_idle"]

MOST_CACHED_BYTES = 4 << 30
"""Of the indices in the cache; those that were written longest ago go first."""

_FILE, _IDLE = "index.bin", "idle.bin"


def beside(trace: Path) -> Path:
    """The folder beside a trace, ``NAME.tiles``."""
    return trace.with_name(f"{trace.name}.tiles")


def cached(identity: str) -> Path:
    """The folder below ``XDG_CACHE_HOME``, by default ``~/.cache``."""
    return _cache() / identity[:32]


def kept(trace: Path, identity: str) -> Index | None:
    """The index of a trace that was kept in either place; None without one that is of it."""
    places = (beside(trace), cached(identity))
    for place in places:
        found = load(place / _FILE, identity)
        if found is not None:
            found.idle.update(kept_idle(trace, identity))
            return found
    return None


def kept_idle(trace: Path, identity: str) -> dict[Engine, Segments]:
    """The causes of idle time that were kept; none if they were not."""
    places = (beside(trace), cached(identity))
    found = (load_idle(place / _IDLE, identity) for place in places)
    return next(filter(None, found), {})


def keep(index: Index, trace: Path, identity: str, *, near: bool) -> Path | None:
    """Write an index for the next time; returns the folder, None where no place takes it.

    Causes of idle time that have been worked out are written too.

    Parameters
    ----------
    near : bool
        Whether it may lie beside the trace.
    """
    for place in ([beside(trace)] if near else []) + [cached(identity)]:
        try:
            save(index, place / _FILE, identity)
            if index.idle:
                save_idle(index.idle, place / _IDLE, identity)
        except OSError:
            continue
        _make_room(place)
        return place
    return None


def _cache() -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME", ""))
    base = home if home.is_absolute() else Path.home() / ".cache"
    return base / "cuda-timeline" / "tiles"


def _make_room(newest: Path) -> None:
    """Drop the oldest of the cache until it is within its size; the newest stays."""
    if newest.parent != _cache():
        return
    folders = sorted(_cache().iterdir(), key=lambda folder: folder.stat().st_mtime)
    size = sum(map(_size, folders))
    for folder in folders:
        if size <= MOST_CACHED_BYTES or folder == newest:
            break
        size -= _size(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())
