"""Where the kernels' CUDA C++ is, and everything that a compilation reads of it."""

from __future__ import annotations

import re
from pathlib import Path

import timeline
from timeline.errors import UnavailableError

__all__ = ["include_closure", "kernels_folder"]

MARKER = "common.cuh"
_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)


def kernels_folder(package: Path | None = None) -> Path:
    """Find ``kernels/``: inside the installed package, or beside it in a checkout.

    Parameters
    ----------
    package : Path, optional
        Folder of the ``timeline`` package; by default the imported one.

    Raises
    ------
    UnavailableError
        When neither holds ``common.cuh``.
    """
    home = package or Path(timeline.__file__).resolve().parent
    places = (home / "kernels", home.parent / "kernels")
    for place in places:
        if (place / MARKER).is_file():
            return place
    raise UnavailableError(
        f"no kernels found ({places[0]}/{MARKER}, {places[1]}/{MARKER}); "
        "reinstall with: pip install --force-reinstall cuda-timeline"
    )


def include_closure(folder: Path, name: str) -> dict[str, bytes]:
    """Contents of ``name`` and of every file of ``folder`` that it includes, however deep.

    Files that are not in ``folder`` are CUDA's own headers; they change with the compiler only.

    Raises
    ------
    UnavailableError
        When ``name`` is not there.
    """
    found: dict[str, bytes] = {}
    pending = [name]
    while pending:
        current = pending.pop()
        path = folder / current
        if current in found or not path.is_file():
            continue
        found[current] = path.read_bytes()
        pending += [match.decode() for match in _INCLUDE.findall(found[current])]
    if name not in found:
        raise UnavailableError(f"{folder}: no kernel source {name!r}")
    return found
