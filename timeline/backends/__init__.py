"""What runs Programs: a GPU, or the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from timeline.backends.choice import BACKENDS, open_backend, why_not_cuda

if TYPE_CHECKING:
    from timeline.backends.base import Backend, RunOptions

__all__ = ["BACKENDS", "Backend", "RunOptions", "open_backend", "why_not_cuda"]


def __getattr__(name: str) -> Any:
    """Import the contract when it is asked for: it brings Programs and Traces along."""
    if name in ("Backend", "RunOptions"):
        from timeline.backends import base

        return getattr(base, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
