"""Python, timeline itself, and the packages of each extra, by what is installed."""

from __future__ import annotations

import platform
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import timeline
from timeline.doctor.check import Check, State

__all__ = ["Requirement", "packages", "requirement"]

DISTRIBUTION = "cuda-timeline"
_REQUIREMENT = re.compile(
    r"(?P<name>[\w.-]+)(?:\[[^\]]*\])?(?P<bounds>[^;@]*)"
    r"(?:;.*?extra *== *[\"'](?P<extra>[\w-]+)[\"'])?"
)
_BOUND = re.compile(r"(>=|<=|<|>|==|!=|~=) *([\w.]+)")
_DEVELOPMENT = ("dev", "docs", "release")
_ALTERNATIVES = ("cuda13", "cuda12")
"""Extras of which a machine has one."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """A package that this distribution asks for.

    Attributes
    ----------
    extra : str
        Empty for what is always needed.
    least : tuple of int
        The lowest version that is allowed; empty for any.
    """

    name: str
    extra: str
    bounds: str
    least: tuple[int, ...]


def requirement(text: str) -> Requirement | None:
    """Read a line of ``Requires-Dist``; None for one of another form."""
    match = _REQUIREMENT.fullmatch(text.strip())
    if match is None:
        return None
    bounds = match["bounds"].strip()
    least = next((_version(v) for op, v in _BOUND.findall(bounds) if op in (">=", "~=")), ())
    return Requirement(match["name"], match["extra"] or "", bounds, least)


def packages() -> Iterator[Check]:
    """Python and timeline, then what the recorder and each extra needs."""
    yield Check("python", State.OK, f"{platform.python_version()} on {platform.platform()}")
    try:
        lines = metadata.requires(DISTRIBUTION) or []
        yield Check("timeline", State.OK, timeline.__version__)
    except metadata.PackageNotFoundError:
        lines = _of_the_checkout()
        by_path = f"{timeline.__version__}, not installed: found by its path alone"
        yield Check("timeline", State.OK, by_path)
    wanted = [r for line in lines if (r := requirement(line))]
    extras = dict.fromkeys(r.extra for r in wanted if r.extra not in _DEVELOPMENT)
    found = {
        extra: _extra(extra, [r for r in wanted if r.extra == extra and r.name != DISTRIBUTION])
        for extra in extras
    }
    for one, other in (_ALTERNATIVES, _ALTERNATIVES[::-1]):
        if one in found and other in found and found[one].state is State.OK:
            del found[other]
    yield from found.values()


def _of_the_checkout() -> list[str]:
    """The same lines, of the checkout that timeline was imported from."""
    project = Path(timeline.__file__).parents[1] / "pyproject.toml"
    try:
        tables = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return []
    extras = tables.get("optional-dependencies", {})
    more = [f'{line}; extra == "{extra}"' for extra in extras for line in extras[extra]]
    return [*tables.get("dependencies", []), *more]


def _extra(extra: str, wanted: list[Requirement]) -> Check:
    name = f"extra {extra}" if extra else "recorder"
    there, old, missing = list[str](), list[str](), list[str]()
    for each in wanted:
        try:
            version = metadata.version(each.name)
        except metadata.PackageNotFoundError:
            missing.append(each.name)
            continue
        (old if _version(version) < each.least else there).append(f"{each.name} {version}")
    remedy = f"pip install '{DISTRIBUTION}{f'[{extra}]' if extra else ''}'"
    if old:
        found = f"{', '.join(old)}: older than it may be"
        return Check(name, State.WRONG, found, remedy.replace("install", "install --upgrade"))
    if missing:
        state = State.MISSING if extra else State.WRONG
        return Check(name, state, f"without {', '.join(missing)}", remedy)
    return Check(name, State.OK, ", ".join(there))


def _version(text: str) -> tuple[int, ...]:
    """The numbers of a version, up to the first part that is none."""
    match = re.match(r"\d+(\.\d+)*", text)
    return tuple(map(int, match[0].split("."))) if match else ()
