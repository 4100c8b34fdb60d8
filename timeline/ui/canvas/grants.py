"""Who may ask for tiles of what: an unguessable token for each trace in each session."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from timeline.ui.canvas.shown import Shown

__all__ = ["GRANTS", "Grants"]


@dataclass(eq=False)
class Grants:
    """Tokens of open sessions; those of closed ones are forgotten when a new one is given."""

    _by_token: dict[str, tuple[str, str, Shown]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def token(self, session: str, key: str, shown: Shown, is_open: Callable[[str], bool]) -> str:
        """The token with which ``session`` may ask for what it shows as ``key``.

        Parameters
        ----------
        is_open : callable
            Whether a session, by its name, is still there.
        """
        with self._lock:
            for token, (owner, name, held) in list(self._by_token.items()):
                if (owner, name) == (session, key) and held.trace is shown.trace:
                    return token
                if (owner, name) == (session, key) or not is_open(owner):
                    del self._by_token[token]
            fresh = secrets.token_urlsafe(32)
            self._by_token[fresh] = (session, key, shown)
            return fresh

    def shown(self, token: str) -> Shown | None:
        """What the token gives access to; None for one that was never given, or has ended."""
        with self._lock:
            found = self._by_token.get(token)
        return found[2] if found else None


GRANTS = Grants()
"""Of this server."""
