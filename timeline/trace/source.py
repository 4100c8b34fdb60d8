"""Where the members of a stored trace are: a folder, or a zip of one."""

from __future__ import annotations

import lzma
import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import pyarrow as pa

from timeline.errors import TraceError, shortened
from timeline.limits import Limits, more

__all__ = ["META", "Source", "opened"]

META = "meta.json"
MAX_META_BYTES = 64 << 20
_RATIO_FROM = 4 << 10
_PIECE = 1 << 20
_ZIP_MAGIC = b"PK"
_END, _END_BYTES, _END64, _LOCATOR_BYTES = b"PK\x05\x06", 22, b"PK\x06\x06", 20
_LONGEST_COMMENT = 1 << 16
_ENTRY_BYTES = 512
"""Bytes of a member in a zip's directory, name included, that suffice for all but hostile ones."""
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
        if path.exists() and not path.is_file():
            raise TraceError(f"{path}: not an ordinary file; copy the trace again")
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

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path, self._limits = path, limits
        self._bytes = path.stat().st_size
        if self._bytes > limits.file_bytes:
            raise TraceError(
                f"{path}: {self._bytes:,} bytes, more than {limits.file_bytes:,}; "
                f"{more('file_bytes')}"
            )
        self._expanded = 0
        try:
            self._check_directory()
            self._zip = zipfile.ZipFile(path)
        except _DAMAGED as error:
            raise TraceError(
                f"{path}: not a readable zip ({shortened(error)}); copy it again"
            ) from error
        self._members = {str(PurePosixPath(info.filename)): info for info in self._zip.infolist()}
        self._root = self._find_root()

    def _check_directory(self) -> None:
        """Refuse a zip of too many members before Python's module makes an object of each."""
        with self._path.open("rb") as file:
            file.seek(max(self._bytes - _LONGEST_COMMENT - _END_BYTES - _LOCATOR_BYTES, 0))
            tail = file.read()
            at = tail.rfind(_END)
            if at < 0 or len(tail) - at < _END_BYTES:
                return  # the module will say so
            size = struct.unpack_from("<I", tail, at + 12)[0]
            if tail[at - _LOCATOR_BYTES : at - _LOCATOR_BYTES + 4] == b"PK\x06\x07":
                file.seek(struct.unpack_from("<Q", tail, at - _LOCATOR_BYTES + 8)[0])
                end = file.read(56)
                if end[:4] == _END64 and len(end) == 56:
                    size = struct.unpack_from("<Q", end, 40)[0]
        if size > self._limits.members * _ENTRY_BYTES:
            raise self._too_many()

    def _too_many(self) -> TraceError:
        most = self._limits.members
        return TraceError(f"{self._path}: a zip of more than {most:,} files; {more('members')}")

    def _find_root(self) -> str:
        if len(self._zip.filelist) > self._limits.members:
            raise self._too_many()
        for name, info in self._members.items():
            if name.startswith(("/", "\\")) or ".." in PurePosixPath(name).parts or "\\" in name:
                raise TraceError(f"{self._path}: member {name[:200]!r} points outside of the zip")
            if stat.S_ISLNK(info.external_attr >> 16):
                raise TraceError(f"{self._path}: member {name[:200]!r} is a symbolic link")
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
        packed = min(info.compress_size, self._bytes)
        data = bytearray()
        try:
            with self._zip.open(info) as file:
                while piece := file.read(_PIECE):
                    data += piece
                    self._expanded += len(piece)
                    self._check_expanded(name, len(data), packed, max_bytes)
        except _DAMAGED as error:
            raise TraceError(
                f"{self.place(name)}: damaged ({shortened(error)}); zip it again"
            ) from error
        return pa.py_buffer(data)

    def _check_expanded(self, name: str, count: int, packed: int, max_bytes: int) -> None:
        """Check a member, and all that were read: members may share their bytes."""
        limits = self._limits
        if count > max_bytes:
            raise TraceError(f"{self.place(name)}: more than {max_bytes:,} bytes")
        if self._expanded > limits.expanded_bytes:
            raise TraceError(
                f"{self.place(name)}: expands to more than {limits.expanded_bytes:,} bytes; "
                f"{more('expanded_bytes')}"
            )
        if count > limits.ratio * max(packed, _RATIO_FROM) or self._expanded > limits.ratio * max(
            self._bytes, _RATIO_FROM
        ):
            raise TraceError(
                f"{self.place(name)}: expands more than {limits.ratio}-fold; load the unpacked "
                f"folder if you trust it, or {more('ratio')}"
            )

    def place(self, name: str) -> str:
        return f"{self._path}!{self._root}{name}"


def opened(path: Path, limits: Limits) -> Source:
    """The source at ``path``.

    Raises
    ------
    TraceError
        When nothing is there, or neither a folder nor a zip.
    """
    try:
        if path.is_dir():
            return Folder(path)
        if path.exists() and not path.is_file():
            raise TraceError(f"{path}: neither a folder nor an ordinary file; name one that is")
        with path.open("rb") as file:
            magic = file.read(2)
    except OSError as error:
        reason = error.strerror or error
        raise TraceError(f"{path}: can't be read: {reason}; check the path") from None
    if magic == _ZIP_MAGIC:
        return Zip(path, limits)
    raise TraceError(
        f"{path}: not a timeline trace, which is a folder or a zip of one; make one with: "
        "timeline record"
    )
