"""Running ``nsys export``."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from timeline.errors import TraceError, UnavailableError
from timeline.formats.nsys_sqlite.reading import read as read_sqlite
from timeline.formats.options import ImportOptions
from timeline.trace import Trace

__all__ = ["read"]

_LONGEST = 300


def read(path: Path, options: ImportOptions) -> Trace:
    """Import a report through the ``nsys`` that is on PATH.

    Raises
    ------
    UnavailableError
        When there is no ``nsys``.
    TraceError
        When it fails, with what it says; or when what it wrote can't be read.
    """
    program = shutil.which("nsys")
    if program is None:
        raise UnavailableError(
            f"{path}: only nsys reads its reports, and it isn't on PATH; where it is, run: "
            f"nsys export -t sqlite {shlex.quote(path.name)}"
        )
    with TemporaryDirectory(prefix="timeline-nsys-") as folder:
        exported = Path(folder) / f"{path.stem}.sqlite"
        _export(program, path, exported)
        try:
            return read_sqlite(exported, options)
        except TraceError as error:
            raise TraceError(str(error).replace(str(exported), str(path))) from error


def _export(program: str, path: Path, exported: Path) -> None:
    options = ("--type", "sqlite", "--force-overwrite", "true", "--output", str(exported))
    try:
        done = subprocess.run(
            [program, "export", *options, str(path.resolve())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise UnavailableError(f"{program}: can't be run: {error.strerror}") from error
    if done.returncode or not exported.is_file():
        said = " ".join(done.stdout.split())[-_LONGEST:]
        raise TraceError(f"{path}: nsys export failed ({done.returncode}): {said or 'no message'}")
