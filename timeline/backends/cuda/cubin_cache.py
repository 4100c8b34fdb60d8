"""Compiled kernels kept on disk: one file a cubin, named by the hash of all that went into it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

__all__ = ["CubinCache", "cache_folder", "key_of"]

_DIGEST_BYTES = 32
_ELF = b"\x7fELF"


def cache_folder() -> Path:
    """``timeline/cubins`` in the user's cache folder (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if base and Path(base).is_absolute() else Path("~/.cache").expanduser()
    return root / "timeline" / "cubins"


def key_of(sources: Mapping[str, bytes], options: Iterable[str], compiler: str) -> str:
    """Hash of sources with their names, options in order, and the compiler's version."""
    digest = hashlib.sha256()
    parts = [compiler.encode(), *(option.encode() for option in options)]
    for name in sorted(sources):
        parts += [name.encode(), sources[name]]
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


class CubinCache:
    """Cubins by key. Many processes may use one folder: files appear whole, by rename.

    Each file starts with the SHA-256 of the rest, so that a damaged one counts as absent. A folder
    that can't be written costs time, never the run.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_folder()

    def cubin(self, key: str, compile_it: Callable[[], bytes]) -> bytes:
        """Read the cubin of ``key``, or compile it and keep it."""
        kept = self._read(key)
        if kept is not None:
            return kept
        made = compile_it()
        with contextlib.suppress(OSError):
            self._write(key, made)
        return made

    def _read(self, key: str) -> bytes | None:
        try:
            content = (self.folder / f"{key}.cubin").read_bytes()
        except OSError:
            return None
        digest, cubin = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        whole = cubin.startswith(_ELF) and hashlib.sha256(cubin).digest() == digest
        return cubin if whole else None

    def _write(self, key: str, cubin: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=f".{key[:16]}-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(cubin).digest() + cubin)
            Path(temporary).replace(self.folder / f"{key}.cubin")
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
