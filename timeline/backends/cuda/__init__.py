"""The backend that issues Programs on a CUDA GPU, and what measures it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from timeline.backends.cuda.backend import CudaBackend

__all__ = ["CudaBackend"]


def __getattr__(name: str) -> Any:
    """Import the backend when it is asked for: a recorded script needs only the collectors."""
    if name == "CudaBackend":
        from timeline.backends.cuda.backend import CudaBackend

        return CudaBackend
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
