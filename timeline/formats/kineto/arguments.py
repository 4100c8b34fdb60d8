"""Arguments of events that a trace has no column for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from timeline.formats.kineto.categories import COLLECTIVE, INTEGERS, LISTS, TEXTS

__all__ = ["Unkept"]

_KEPT = frozenset((*COLLECTIVE, *LISTS, "cuda_sync_kind"))
_MOST = 200


class Unkept:
    """Remembers which arguments were left aside, by table.

    Those of host ranges only by example: the fast reader does not look at them.
    """

    def __init__(self) -> None:
        self._seen: set[tuple[str, ...]] = set()
        self._names: dict[str, set[str]] = {}

    def see(self, table: str, arguments: Any) -> None:
        """Look at the arguments of one event."""
        if not isinstance(arguments, dict):
            return
        form = (table, *arguments)
        if form not in self._seen and len(self._seen) < _MOST:
            self._seen.add(form)
            names = self._names.setdefault(table, set())
            names |= arguments.keys() - _KEPT - INTEGERS[table].keys() - TEXTS.get(table, {}).keys()

    def notes(self) -> Iterable[str]:
        """One sentence a table."""
        for table, names in self._names.items():
            if names:
                shown = ", ".join(repr(name[:60]) for name in sorted(names)[:_MOST])
                yield f"Arguments that a trace has no column for, of {table} among others: {shown}."
