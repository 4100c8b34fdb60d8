"""Which thresholds hold where, and the settings that say so."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from timeline.check.scopes import WHOLE, Scope
from timeline.check.threshold import DEFAULTS, Threshold, parse
from timeline.errors import UsageError, unknown

__all__ = ["Rules", "project_file", "read_rules"]

Toml = Any

_TABLE = ("tool", "timeline", "check")
_KEYS = ("thresholds", "defaults", "baseline", "ranges", "windows", "range", "window")


@dataclass(frozen=True, eq=False, slots=True)
class Rules:
    """Thresholds, and the scopes to check besides the whole.

    Attributes
    ----------
    everywhere : tuple of Threshold
        Those that the user set for every scope.
    by_scope : mapping of Scope to tuple of Threshold
        Those for ranges, by name or pattern, and windows; a scope named here is checked.
    defaults : bool
        Whether measures without a threshold of the user's get their default one.
    baseline : Path or None
        The baseline's file, where the settings name it.
    """

    everywhere: tuple[Threshold, ...] = ()
    by_scope: Mapping[Scope, tuple[Threshold, ...]] = field(default_factory=dict)
    defaults: bool = True
    baseline: Path | None = None

    @property
    def ranges(self) -> tuple[str, ...]:
        """Names and patterns of the ranges to check."""
        return tuple(scope.name for scope in self.by_scope if scope.kind == "range")

    @property
    def windows(self) -> tuple[str, ...]:
        """The windows to check."""
        return tuple(scope.name for scope in self.by_scope if scope.kind == "window")

    def of(self, scope: Scope) -> Iterator[Threshold]:
        """Thresholds for a scope; of those that cover a figure the last one counts.

        A threshold without brackets gives way to one that names an engine or a kernel.
        """
        yield from sorted((*(DEFAULTS if self.defaults else ()), *self.everywhere), key=_exact)
        for asked, thresholds in self.by_scope.items():
            if asked.holds(scope):
                yield from sorted(thresholds, key=_exact)

    def asks_for(self, scope: Scope) -> bool:
        """Whether a scope is to be checked."""
        return scope == WHOLE or any(asked.holds(scope) for asked in self.by_scope)

    def chosen(self) -> Iterator[tuple[Scope | None, Threshold]]:
        """The thresholds that the user set, with where."""
        yield from ((None, threshold) for threshold in self.everywhere)
        for scope, thresholds in self.by_scope.items():
            yield from ((scope, threshold) for threshold in thresholds)

    def with_more(
        self,
        thresholds: Sequence[str] = (),
        ranges: Sequence[str] = (),
        windows: Sequence[str] = (),
    ) -> Rules:
        """With what a command line or a test adds."""
        more = [*(Scope("range", r) for r in ranges), *(Scope("window", w) for w in windows)]
        by_scope = {**dict.fromkeys(more, ()), **self.by_scope}
        everywhere = (*self.everywhere, *map(parse, thresholds))
        return Rules(everywhere, by_scope, self.defaults, self.baseline)


def _exact(threshold: Threshold) -> tuple[bool, bool]:
    return threshold.chosen, bool(threshold.of)


def project_file(start: Path) -> Path | None:
    """The nearest ``pyproject.toml`` that has settings.

    Returns
    -------
    Path or None
        In the folder ``start`` or above it; None where there is none.
    """
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if path.is_file() and _table(path, _loaded(path)) is not None:
            return path
    return None


def read_rules(path: Path) -> Rules:
    """Read settings from a TOML file: its ``[tool.timeline.check]``, or the whole of it.

    Raises
    ------
    UsageError
        When it can't be read, has a key that does not exist, or a malformed threshold.
    """
    value = _loaded(path)
    table = _table(path, value)
    try:
        return _rules(value if table is None else table, path.parent)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def _loaded(path: Path) -> Toml:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from error


def _table(path: Path, value: Toml) -> Toml | None:
    for key in _TABLE:
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    if not isinstance(value, dict):
        raise UsageError(f"{path}: {'.'.join(_TABLE)} must be a table")
    return value


def _rules(table: Toml, folder: Path) -> Rules:
    for key in table:
        if key not in _KEYS:
            raise unknown("setting of timeline check", key, _KEYS)
    defaults, baseline = table.get("defaults", True), table.get("baseline")
    if not isinstance(defaults, bool):
        raise UsageError("defaults must be true or false")
    if not isinstance(baseline, str | None):
        raise UsageError("baseline must be the path of a file")
    by_scope = {Scope("range", name): () for name in _texts(table, "ranges")}
    by_scope |= {Scope("window", span): () for span in _texts(table, "windows")}
    return Rules(
        _thresholds(table),
        {**by_scope, **_scoped(table)},
        defaults,
        None if baseline is None else folder / baseline,
    )


def _scoped(table: Toml) -> dict[Scope, tuple[Threshold, ...]]:
    found = {}
    for kind in ("range", "window"):
        named = table.get(kind, {})
        if not isinstance(named, dict) or not all(isinstance(t, dict) for t in named.values()):
            raise UsageError(f"{kind} must hold a table for each name: [...{kind}.NAME]")
        for name, inner in named.items():
            for key in inner.keys() - {"thresholds"}:
                raise unknown(f"setting of {kind} {name!r}", key, ["thresholds"])
            found[Scope(kind, name)] = _thresholds(inner)
    return found


def _thresholds(table: Toml) -> tuple[Threshold, ...]:
    return tuple(parse(text) for text in _texts(table, "thresholds"))


def _texts(table: Toml, key: str) -> list[str]:
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise UsageError(f"{key} must be a list of texts")
    return found
