"""Putting files and folders in place whole: written beside their place, then renamed into it."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from timeline.errors import OutputError
from timeline.trace.children import CHILDREN
from timeline.trace.meta import is_meta
from timeline.trace.schema import TABLES
from timeline.trace.source import META

__all__ = ["as_output_error", "checked_target", "replacing", "write_file"]


@contextmanager
def as_output_error(path: Path) -> Iterator[None]:
    """Turn what the system refuses inside into one line about ``path``."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"{path}: can't be written: {reason}; choose another place") from error


def write_file(target: Path, content: bytes | pa.Buffer) -> None:
    """Write a file that appears at ``target`` whole, or not at all."""
    beside = target.with_name(f".{target.name}.tmp")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def checked_target(path: str | os.PathLike[str], overwrite: bool) -> Path:
    """The folder to write, after checking that nothing but a trace would be replaced.

    Raises
    ------
    OutputError
        When something is there that is no empty folder, nor a trace that may be overwritten.
    """
    target = Path(path)
    with as_output_error(target):
        target = target.resolve()
        if not target.exists():
            _require_folder(next(p for p in target.parents if p.exists()))
            return target
        _require_folder(target)
        entries = sorted(target.iterdir())
    if not entries:
        return target
    if not _is_trace(target):
        raise OutputError(f"{target}: holds files that are no trace; choose another place")
    if not overwrite:
        raise OutputError(f"{target}: already holds a trace; overwrite it, or choose another place")
    for entry in entries:
        if not _is_member(entry):
            raise OutputError(f"{target}: {entry.name!r} is no part of a trace; move it away first")
    return target


def _require_folder(path: Path) -> None:
    if not path.is_dir():
        raise OutputError(f"{path}: is a file; choose another place")


def _is_trace(folder: Path) -> bool:
    try:
        return is_meta((folder / META).read_bytes())
    except OSError:
        return False


def _is_member(entry: Path) -> bool:
    if entry.is_symlink():
        return False
    if entry.name in TABLES and entry.is_dir():
        return all(_is_part(inner.name) and inner.is_file() for inner in entry.iterdir())
    if entry.name == CHILDREN and entry.is_dir():
        return all(one.is_dir() and _is_child(one) for one in entry.iterdir())
    return entry.name in (META, f".{META}.tmp") and entry.is_file()


def _is_child(folder: Path) -> bool:
    """A trace, or what :func:`replacing` leaves of one in a process that is killed there."""
    half = folder.name.startswith(".") and folder.suffix in (".tmp", ".old")
    return (half or _is_trace(folder)) and all(_is_member(inner) for inner in folder.iterdir())


def _is_part(name: str) -> bool:
    name = name.removeprefix(".").removesuffix(".tmp")
    return name.startswith("part-") and name.endswith(".parquet")


@contextmanager
def replacing(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """A new folder beside ``target`` that takes its place when the block ends well.

    ``target`` must have passed :func:`checked_target`. What was there goes only when the new
    folder is in its place, and without ``overwrite`` never: of two who write at once, one wins.
    """
    with as_output_error(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent))
        try:
            new.chmod(0o777 & ~_umask())
            yield new
            _swap(new, target, overwrite)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise


def _swap(new: Path, target: Path, overwrite: bool) -> None:
    if not overwrite or not target.exists() or not any(target.iterdir()):
        try:
            new.replace(target)  # fails where something is in it
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            raise OutputError(
                f"{target}: somebody else has just written it; choose another place"
            ) from error
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".old", dir=target.parent))
    target.replace(old)
    try:
        new.replace(target)
    except BaseException:
        old.replace(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
