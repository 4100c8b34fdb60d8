"""Where the members of a stored trace are: a folder, or a zip of one."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import pyarrow as pa

from timeline.errors import TraceError

__all__ = ["META", "Source", "opened"]

META = "meta.json"
MAX_META_BYTES = 64 << 20
MAX_RATIO = 100
_ZIP_MAGIC = b"PK"
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,  # encrypted; NotImplementedError: an unknown method
    ValueError,
)


class Source(Protocol):
    """Reads members by the names that :mod:`timeline.trace.store` gives them."""

    def read(self, name: str, max_bytes: int) -> Any:
        """The bytes of a member, at most ``max_bytes``; a missing one is a TraceError."""
        ...

    def place(self, name: str) -> str:
        """How errors call the member."""
        ...


class Folder:
    """A trace in a folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, name: str, max_bytes: int) -> Any:
        path = self._path / name
        try:
            with pa.OSFile(str(path)) as file:
                if file.size() > max_bytes:
                    raise TraceError(f"{path}: {file.size()} bytes, more than {max_bytes} allowed")
                return file.read_buffer()
        except FileNotFoundError:
            raise TraceError(self._missing(name)) from None
        except OSError as error:
            raise TraceError(f"{path}: can't be read: {error.strerror or error}") from error

    def _missing(self, name: str) -> str:
        if name != META:
            return f"{self._path / name}: missing; copy the whole folder, or record it again"
        inner = sorted(p.parent.name for p in self._path.glob(f"*/{META}"))
        if inner:
            return f"{self._path}: not a trace, but it holds some; name one: {', '.join(inner[:5])}"
        return f"{self._path}: not a trace (no {META} in it); name a folder that timeline wrote"

    def place(self, name: str) -> str:
        return str(self._path / name)


class Zip:
    """A trace in a zip file, at its top or in its only folder; read in memory, never unpacked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise TraceError(f"{path}: not a readable zip ({error}); copy it again") from error
        self._members = {str(PurePosixPath(info.filename)): info for info in self._zip.infolist()}
        self._root = self._find_root()

    def _find_root(self) -> str:
        for name in self._members:
            if name.startswith(("/", "\\")) or ".." in PurePosixPath(name).parts or "\\" in name:
                raise TraceError(f"{self._path}: member {name!r} points outside of the zip")
        roots = [
            name.removesuffix(META)
            for name in self._members
            if PurePosixPath(name).name == META and name.count("/") <= 1
        ]
        if len(roots) != 1:
            raise TraceError(
                f"{self._path}: holds {len(roots)} traces instead of one; zip one trace's folder"
            )
        return roots[0]

    def read(self, name: str, max_bytes: int) -> Any:
        info = self._members.get(self._root + name)
        if info is None:
            raise TraceError(f"{self.place(name)}: missing; zip the whole folder of the trace")
        limit = min(max_bytes, max(info.compress_size, 1 << 12) * MAX_RATIO)
        try:
            with self._zip.open(info) as file:
                data = file.read(limit + 1)
        except _DAMAGED as error:
            raise TraceError(f"{self.place(name)}: damaged ({error}); zip it again") from error
        if len(data) > limit:
            raise TraceError(
                f"{self.place(name)}: expands to more than {limit} bytes; unpack the zip, and load "
                "the folder if you trust it"
            )
        return pa.py_buffer(data)

    def place(self, name: str) -> str:
        return f"{self._path}!{self._root}{name}"


def opened(path: Path) -> Source:
    """The source at ``path``.

    Raises
    ------
    TraceError
        When nothing is there, or neither a folder nor a zip.
    """
    try:
        if path.is_dir():
            return Folder(path)
        with path.open("rb") as file:
            magic = file.read(2)
    except OSError as error:
        reason = error.strerror or error
        raise TraceError(f"{path}: can't be read: {reason}; check the path") from None
    if magic == _ZIP_MAGIC:
        return Zip(path)
    raise TraceError(
        f"{path}: not a timeline trace, which is a folder or a zip of one; make one with: "
        "timeline record"
    )
