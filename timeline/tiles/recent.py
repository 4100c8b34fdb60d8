"""What was made lately, for who asks for it again, within a budget of bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["Recent"]

Made = TypeVar("Made")


@dataclass(eq=False)
class Recent(Generic[Made]):
    """Things by key; those asked for longest ago go first.

    Nothing is locked while something is made: two who ask for the same at once may both make it.
    """

    most_bytes: int
    size: Callable[[Made], int]
    _held: OrderedDict[Hashable, Made] = field(default_factory=OrderedDict)
    _bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What is held under the key, or is made now."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        made = make()
        with self._lock:
            if key not in self._held:
                self._held[key] = made
                self._bytes += self.size(made)
            while self._bytes > self.most_bytes and len(self._held) > 1:
                _, oldest = self._held.popitem(last=False)
                self._bytes -= self.size(oldest)
        return made

    @property
    def nbytes(self) -> int:
        """Of all that is held."""
        return self._bytes
