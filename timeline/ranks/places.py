"""Where the traces of a job are: paths, patterns, and addresses of stores that fsspec knows."""

from __future__ import annotations

import glob
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from timeline.errors import MissingExtraError, TraceError, UnavailableError, UsageError
from timeline.limits import more

__all__ = ["expand", "fetched", "is_remote", "rank_in"]

_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")
_RANK = re.compile(r"(?i)(?:rank|worker|node)[-_. ]?(\d{1,6})(?!\d)")
_LAST_NUMBER = re.compile(r"(\d{1,6})(?!.*\d)")
_MAGIC = re.compile(r"[*?[]")


def is_remote(place: str) -> bool:
    """Whether it is an address such as ``s3://bucket/run/rank0.sqlite``."""
    return _ADDRESS.match(place) is not None


def expand(patterns: Sequence[str]) -> list[str]:
    """The places that paths, addresses and patterns of them name, each once, in natural order.

    Parameters
    ----------
    patterns : sequence of str
        Paths or fsspec addresses, with ``*``, ``?`` and ``[…]``.

    Returns
    -------
    list of str
        Paths and addresses.

    Raises
    ------
    UsageError
        When a pattern matches nothing.
    """
    found: dict[str, None] = {}
    for pattern in patterns:
        matches = [pattern]
        if _MAGIC.search(pattern) and not Path(pattern).exists():
            matches = _remote_matches(pattern) if is_remote(pattern) else glob.glob(pattern)  # noqa: PTH207
            if not matches:
                raise UsageError(f"{pattern}: matches nothing; check the pattern")
        found.update(dict.fromkeys(sorted(matches, key=_natural)))
    return list(found)


def _natural(text: str) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", text)
    return [(int(p), "") if p.isdecimal() else (-1, p) for p in parts]


def rank_in(place: str) -> int | None:
    """The rank that the name of a place tells: ``run/rank12.sqlite``, ``run/12/trace.json``."""
    for part in reversed(place.rstrip("/").split("/")[-3:]):
        if match := _RANK.search(part):
            return int(match[1])
    match = _LAST_NUMBER.search(place.rstrip("/").rpartition("/")[2])
    return int(match[1]) if match else None


def _store(address: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it."""
    try:
        import fsspec
    except ImportError:
        raise MissingExtraError("fsspec", "cluster") from None
    try:
        found: tuple[Any, str] = fsspec.core.url_to_fs(address)
    except ImportError as error:
        raise UnavailableError(f"{address}: {error}") from error
    except ValueError as error:
        raise UsageError(f"{address}: {error}") from error
    return found


def _remote_matches(pattern: str) -> list[str]:
    store, path = _store(pattern)
    with _told(pattern):
        return [store.unstrip_protocol(match) for match in store.glob(path)]


@contextmanager
def _told(address: str) -> Iterator[None]:
    """Turn what a store refuses inside into one line."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise TraceError(f"{address}: can't be read: {reason}; check the address") from error


@contextmanager
def fetched(place: str, max_bytes: int) -> Iterator[Path]:
    """The trace at a place as a local path; what came from a store goes away at the end.

    Raises
    ------
    TraceError
        When it is larger than allowed, or can't be read.
    """
    if not is_remote(place):
        yield Path(place)
        return
    store, path = _store(place)
    with tempfile.TemporaryDirectory(prefix="timeline-") as folder:
        local = Path(folder) / path.rstrip("/").rpartition("/")[2]
        with _told(place):
            size = store.du(path)
            if size > max_bytes:
                raise TraceError(
                    f"{place}: {size:,} bytes, more than {max_bytes:,}; {more('file_bytes')}"
                )
            store.get(path, str(local), recursive=store.isdir(path))
        yield local
