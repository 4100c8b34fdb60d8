"""Builds the sdist and, from it, the wheel: the same bytes wherever the same commit is built.

Run it as ``python -m tools.distribution`` with the extra ``release`` installed (``make build``).
Times in the archives are those of the commit, or of ``SOURCE_DATE_EPOCH``.
"""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("docs/", "kernels/", "timeline/")
"""What a build reads, besides the files at the top."""


def epoch_s(root: Path) -> int:
    """When what is built was made, in seconds since 1970: the environment's word, or git's."""
    told = os.environ.get("SOURCE_DATE_EPOCH")
    if told is not None:
        return int(told)
    command = ["git", "-C", str(root), "log", "-1", "--format=%ct"]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def copy_tracked(root: Path, to: Path) -> None:
    """Copy what git has of the tree, so that nothing strays in, and nothing is left there."""
    command = ["git", "-C", str(root), "ls-files", "-z"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if name.startswith(FOLDERS) or "/" not in name:
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, to / name)


def settle(sdist: Path, epoch_s: int) -> None:
    """Rewrite an sdist so that only its files' names and contents decide its bytes.

    setuptools leaves the builder's user, umask and clock in it.
    """
    settled = sdist.with_suffix(".settled")
    with (
        tarfile.open(sdist) as source,
        settled.open("wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=epoch_s) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as target,
    ):
        for member in sorted(source.getmembers(), key=lambda one: one.name):
            plain = tarfile.TarInfo(member.name)
            plain.type, plain.size, plain.mtime = member.type, member.size, epoch_s
            plain.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            target.addfile(plain, source.extractfile(member))
    settled.replace(sdist)


def build(root: Path, out: Path) -> tuple[Path, Path]:
    """Build both into a folder.

    Returns
    -------
    (Path, Path)
        The sdist and the wheel.
    """
    seconds = epoch_s(root)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_tracked(root, folder / "tree")
        sdist = _backend("sdist", folder / "tree", folder, seconds)
        settle(sdist, seconds)
        shutil.unpack_archive(sdist, folder / "source", filter="data")
        (source,) = (folder / "source").iterdir()
        wheel = _backend("wheel", source, folder, seconds)
        out.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(sdist, out)), Path(shutil.copy(wheel, out))


def _backend(what: str, source: Path, out: Path, epoch_s: int) -> Path:
    """Let ``python -m build`` make one of them, with the setuptools of this environment."""
    command = [sys.executable, "-m", "build", f"--{what}", "--no-isolation", "--outdir", str(out)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch_s)}
    done = subprocess.run(
        [*command, str(source)], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"build of the {what} failed:\n{done.stdout}{done.stderr}")
    (made,) = out.glob("*.whl" if what == "wheel" else "*.tar.gz")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Build both."""
    parser = argparse.ArgumentParser(description="build the sdist, and the wheel from it")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "dist")
    options = parser.parse_args(argv)
    for path in build(ROOT, options.out):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
