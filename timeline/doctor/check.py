"""One thing that was looked at."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Check", "State"]


class State(StrEnum):
    """How something is."""

    OK = "ok"
    MISSING = "missing"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    name : str
        Such as ``driver``, ``extra app``.
    state : State
        ``missing`` is no fault in itself; see :func:`timeline.doctor.abilities`.
    found : str
        What is there, or what is not.
    remedy : str
        What to do, one line; empty where nothing is to be done.
    """

    name: str
    state: State
    found: str
    remedy: str = ""

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "state": self.state.value}
