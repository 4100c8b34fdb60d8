"""What is fuzzed: one importer each, with its corpus and the way an input reaches it."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Protocol

from timeline.errors import TraceError
from timeline.formats import ImportOptions, Limits, by_name, open_trace
from timeline.trace import Trace
from tools.fuzzing import corpus
from tools.fuzzing.json_text import Json
from tools.fuzzing.native import Folder, zipped
from tools.fuzzing.octets import Octets, Seed, changed, often
from tools.fuzzing.protobuf import Protobuf
from tools.fuzzing.sqlite_pages import Sqlite

__all__ = ["LIMITS", "Target", "check", "targets"]

LIMITS = Limits(expanded_bytes=1 << 22, event_bytes=1 << 16, rows=100_000)

Read = Callable[[Path, ImportOptions], Trace]
_FORMS: Mapping[str, tuple[Callable[[Path], list[bytes]], Callable[..., Seed], str]] = {
    "kineto": (corpus.kineto, Json, "kineto"),
    "kineto_gz": (corpus.kineto, Json, "kineto"),
    "proton": (corpus.proton, Json, "proton"),
    "nsys_sqlite": (corpus.sqlite, Sqlite, "nsys_sqlite"),
    "perfetto": (corpus.perfetto, Protobuf, "perfetto"),
}
_TURNS = {"kineto": 5, "kineto_gz": 4, "proton": 4, "native": 2, "native_zip": 3, "any": 3}


class Target(Protocol):
    """An importer.

    Attributes
    ----------
    turns : int
        How often it has its turn, beside others.
    """

    name: str
    turns: int

    def place(self, folder: Path, rng: Random) -> Path:
        """Write an input below ``folder``; returns the path to read."""
        ...

    def read(self, path: Path, options: ImportOptions) -> Trace:
        """Import it."""
        ...


class File:
    """Reads a single file."""

    def __init__(
        self, name: str, seeds: Sequence[Seed], read: Read, *, gzipped: bool = False
    ) -> None:
        self.name = name
        self.turns = _TURNS.get(name, 1)
        self.read = read
        self._seeds = seeds
        self._weights = list(accumulate(1 / len(seed.content) for seed in seeds))
        self._gzipped = gzipped

    def place(self, folder: Path, rng: Random) -> Path:
        """See :class:`Target`."""
        (seed,) = rng.choices(self._seeds, cum_weights=self._weights)  # small ones more often
        data = seed.mutated(rng)
        if self._gzipped:
            data = _gzipped(data, rng)
        path = folder / "input"
        path.write_bytes(data)
        return path


class Native:
    """Reads a native trace."""

    def __init__(self, name: str, folders: Sequence[Folder], *, zips: bool) -> None:
        self.name = name
        self.turns = _TURNS.get(name, 1)
        self._folders = folders
        self._zips = zips
        self._there: tuple[Path, int] | None = None
        self._before: set[str] = set()

    def place(self, folder: Path, rng: Random) -> Path:
        """See :class:`Target`; of a folder only what differs is written."""
        number = rng.randrange(len(self._folders))
        found = self._folders[number]
        changes = found.mutated(rng)
        path = folder / "input"
        if self._zips:
            path.write_bytes(zipped({**found.members, **changes}, rng))
            return path
        path = folder / "native"
        if (path, number) != self._there or not path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
            self._there, self._before = (path, number), set(found.members)
        for name in self._before | set(changes):
            member = path / name
            member.parent.mkdir(parents=True, exist_ok=True)
            member.write_bytes(changes.get(name, found.members[name]))
            if name in changes and not changes[name]:
                member.unlink()
        self._before = set(changes)
        return path

    def read(self, path: Path, options: ImportOptions) -> Trace:
        """See :class:`Target`."""
        return open_trace(path, options)


def targets(scratch: Path) -> list[Target]:
    """All of them; the corpus is made in ``scratch``, and taken away."""
    found: list[Target] = []
    contents: list[bytes] = []
    for name, (make, form, reader) in _FORMS.items():
        made = make(scratch)
        contents += made
        seeds = [form(content, tuple(made)) for content in made]
        found.append(File(name, seeds, by_name(reader).read, gzipped=name == "kineto_gz"))
    folders = [Folder(members) for members in corpus.folders(scratch)]
    for place in scratch.glob("native-*"):
        shutil.rmtree(place)
    found += [Native("native", folders, zips=False), Native("native_zip", folders, zips=True)]
    any_form = [Octets(content, tuple(contents)) for content in contents]
    found.append(File("any", any_form, open_trace))
    return found


def check(target: Target, path: Path, *, lenient: bool) -> bool:
    """Read a file, and look at what comes of it; whether it was a trace.

    Raises
    ------
    Exception
        Whatever is neither a sound trace nor one line that names the file.
    """
    try:
        trace = target.read(path, ImportOptions(lenient, LIMITS))
        for table in trace.tables.values():  # a column may be decoded only here
            if table.num_rows:
                table.validate(full=True)
    except TraceError as error:
        _check_error(error, path)
        return False
    return True


def _check_error(error: TraceError, path: Path) -> None:
    words = str(error)
    if "\n" in words or len(words) > 2000 or not words.startswith(str(path)):
        raise AssertionError(f"not one line that names the file: {words[:3000]!r}") from error
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError):
            raise MemoryError(words) from error
        cause = cause.__cause__


def _gzipped(data: bytes, rng: Random) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    packed = packer.compress(data) + packer.flush()
    kind = rng.random()
    if kind < 0.15:
        packed += packed
    elif kind < 0.6:
        for _ in range(often(rng)):
            packed = changed(packed, rng)
    return packed
