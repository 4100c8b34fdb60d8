"""Where indices are kept: beside their trace, or where that can't be, in the user's cache."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from timeline.tiles.index import Index
from timeline.tiles.store import load, save

__all__ = ["beside", "cached", "keep", "kept"]

MOST_CACHED_BYTES = 4 << 30
"""Of the indices in the cache; those that were written longest ago go first."""

_FILE = "index.bin"


def beside(trace: Path) -> Path:
    """The index's file in a folder beside a trace: ``NAME.tiles/index.bin``."""
    return trace.with_name(f"{trace.name}.tiles") / _FILE


def cached(identity: str) -> Path:
    """The index's file below ``XDG_CACHE_HOME``, by default ``~/.cache``."""
    return _cache() / identity[:32] / _FILE


def kept(trace: Path, identity: str) -> Index | None:
    """The index of a trace that was kept in either place; None without one that is of it."""
    for path in (beside(trace), cached(identity)):
        found = load(path, identity)
        if found is not None:
            return found
    return None


def keep(index: Index, trace: Path, identity: str, *, near: bool) -> Path | None:
    """Write an index for the next time; returns where, None where no place takes it.

    Parameters
    ----------
    near : bool
        Whether it may lie beside the trace.
    """
    for path in ([beside(trace)] if near else []) + [cached(identity)]:
        try:
            save(index, path, identity)
        except OSError:
            continue
        _make_room(path.parent)
        return path
    return None


def _cache() -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME", ""))
    base = home if home.is_absolute() else Path.home() / ".cache"
    return base / "cuda-timeline" / "tiles"


def _make_room(newest: Path) -> None:
    """Drop the oldest of the cache until it is within its size; the newest stays."""
    if newest.parent != _cache():
        return
    files = sorted(_cache().glob(f"*/{_FILE}"), key=lambda path: path.stat().st_mtime)
    size = sum(path.stat().st_size for path in files)
    for path in files:
        if size <= MOST_CACHED_BYTES or path.parent == newest:
            break
        size -= path.stat().st_size
        shutil.rmtree(path.parent, ignore_errors=True)
