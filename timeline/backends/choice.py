"""Which backend runs a Program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from timeline.errors import NoGpuError, unknown

if TYPE_CHECKING:
    from timeline.backends.base import Backend

__all__ = ["BACKENDS", "open_backend", "why_not_cuda"]

BACKENDS = ("auto", "cuda", "sim")


def open_backend(
    name: str = "auto", *, collector: str = "auto", device: str | None = None
) -> Backend:
    """Open a backend by name.

    Parameters
    ----------
    name : str
        ``cuda``, ``sim``, or ``auto``: a GPU if one can be used, else the simulator;
        :func:`why_not_cuda` then says why. The ``name`` of what is returned tells which it is.
    collector : str
        For ``cuda``: see :class:`timeline.backends.cuda.CudaBackend`.
    device : str, optional
        For ``sim``: the device to simulate.

    Raises
    ------
    UsageError
        For another name.
    NoGpuError
        For ``cuda`` without a GPU.
    """
    if name not in BACKENDS:
        raise unknown("backend", name, BACKENDS)
    reason = why_not_cuda() if name != "sim" else None
    if name == "cuda" and reason:
        raise NoGpuError(f"{reason}; run on a machine with a GPU, or use --backend sim")
    if name == "sim" or reason:
        from timeline.backends.sim import SimBackend

        return SimBackend(device=device) if device else SimBackend()
    from timeline.backends.cuda import CudaBackend

    return CudaBackend(collector)


def why_not_cuda(devices: int = 1) -> str | None:
    """Why no GPU, or not as many, can be used here.

    Parameters
    ----------
    devices : int
        How many are needed.

    Returns
    -------
    str or None
        One line for a person to read; None when they can be used.
    """
    from timeline.backends.cuda.presence import unusable

    return unusable(devices)
