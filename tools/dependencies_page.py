"""Writes ``docs/dependencies.md``: every package that timeline needs, its licence and why.

Run it as ``python -m tools.dependencies_page`` with the extra ``release`` installed, as
``make sbom`` does; it lists what is installed beside it. Exit code 1 for a licence that is not in
:data:`COMPATIBLE`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from timeline.samples.markdown import table

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "dependencies.md"

ALWAYS = "always"
NOT_SHIPPED = ("dev", "docs", "release")
"""Extras of those who work on timeline; nobody who uses it installs them."""

COMPATIBLE = re.compile(
    r"(3-clause |2-clause )?bsd( license)?|bsd-[23]-clause|0bsd|mit( license)?|mit-0|mit-cmu|"
    r"apache-2\.0( with llvm-exception)?|apache (software license|license 2\.0)|zlib|cc0-1\.0|"
    r"psf-2\.0|python software foundation license|isc( license.*)?|"
    r"mpl-2\.0|mozilla public license 2\.0 \(mpl 2\.0\)|licenseref-nvidia-proprietary|"
    r"nvidia proprietary software|3-clause bsd license|dfsg approved"
)
"""Licences of packages that an Apache-2.0 project may require: permissive ones; MPL, whose terms
stay with its own files; NVIDIA's, whose packages the user fetches from NVIDIA's own release."""

INTRODUCTION = """\
# Dependencies

What `pip install 'cuda-timeline[EXTRA]'` brings, with licences as the packages' own metadata has
them. timeline contains none of it. `make sbom` writes this page, from what was installed then, and
fails for a licence that does not go with Apache-2.0: only permissive ones do, MPL-2.0, whose terms
stay with its own files, and NVIDIA's for the packages that NVIDIA releases itself.

"""


@dataclass(frozen=True, slots=True)
class Package:
    """A package, and which extras bring it, by themselves or through another package."""

    name: str
    version: str
    licence: str
    named_by: tuple[str, ...]
    brought_by: tuple[str, ...]


def named(project: dict[str, object]) -> dict[str, list[Requirement]]:
    """Requirements by extra, with those that are always there first."""
    extras = project["optional-dependencies"]
    assert isinstance(extras, dict)
    shipped = {name: lines for name, lines in extras.items() if name not in NOT_SHIPPED}
    lines_of = {ALWAYS: project["dependencies"], **shipped}
    return {name: [Requirement(line) for line in lines] for name, lines in lines_of.items()}


def licences() -> dict[str, tuple[str, str]]:
    """Version and licence of what is installed, by canonical name."""
    command = [sys.executable, "-m", "piplicenses", "--format=json", "--with-system"]
    told = subprocess.run([*command, "--from=mixed"], check=True, capture_output=True, text=True)
    return {
        canonicalize_name(one["Name"]): (one["Version"], one["License"])
        for one in json.loads(told.stdout)
    }


def brought(requirement: Requirement, seen: set[str]) -> None:
    """Add a package and all that it requires here to ``seen``."""
    name = canonicalize_name(requirement.name)
    if name in seen:
        return
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return
    seen.add(name)
    for each in map(Requirement, lines):
        if each.marker is None or any(
            each.marker.evaluate({"extra": extra}) for extra in ("", *requirement.extras)
        ):
            brought(each, seen)


def packages(project: dict[str, object]) -> Iterator[Package]:
    """Every package by name; those that are not installed here have no version."""
    wanted, installed = named(project), licences()
    direct = {
        extra: {canonicalize_name(one.name) for one in lines} for extra, lines in wanted.items()
    }
    through: dict[str, set[str]] = {}
    for extra, lines in wanted.items():
        through[extra] = set()
        for one in lines:
            brought(one, through[extra])
    every = set().union(*direct.values(), *through.values())
    for name in sorted(every):
        version, licence = installed.get(name, ("", ""))
        yield Package(
            name,
            version,
            licence,
            tuple(extra for extra in wanted if name in direct[extra]),
            tuple(extra for extra in wanted if name in through[extra] - direct[extra]),
        )


def compatible(licence: str) -> bool:
    """Whether each part of a licence's name is known to go with Apache-2.0, or one of several."""
    plain = licence.lower().replace("(mpl 2.0)", "[mpl 2.0]")
    plain = plain.replace("(", "").replace(")", "").replace("[", "(").replace("]", ")")
    return all(
        any(COMPATIBLE.fullmatch(choice.strip()) for choice in part.split(" or "))
        for part in re.split(r" and |;", plain)
    )


def page(found: list[Package]) -> str:
    """The whole page."""
    rows = [
        (
            one.name,
            one.version or "not installed here",
            one.licence or "not known here",
            ", ".join(one.named_by),
            ", ".join(extra for extra in one.brought_by if ALWAYS not in one.named_by),
        )
        for one in found
    ]
    heads = ("package", "version", "licence", "named by", "brought by others of")
    return INTRODUCTION + table(heads, rows)


def main() -> int:
    """Write the page; 1 when a licence does not go with ours."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = list(packages(tomllib.loads(text)["project"]))
    PAGE.write_text(page(found), encoding="utf-8")
    print(PAGE.relative_to(ROOT))
    wrong = [one for one in found if one.licence and not compatible(one.licence)]
    for one in wrong:
        print(f"{one.name} {one.version}: {one.licence}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
