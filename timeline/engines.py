"""Which engine of the device an activity occupies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["COPY_ENGINES", "COPY_NAMES", "ENGINES", "engine_of"]

SM = "SM"
H2D = "H2D"
D2H = "D2H"
D2D = "D2D"
P2P = "P2P"
MEMSET = "MEMSET"
GRAPH = "GRAPH"
HOST = "HOST"

ENGINES: Sequence[str] = (SM, H2D, D2H, D2D, P2P, MEMSET, GRAPH, HOST)
"""All engines, in the order in which tables and pictures list them.

``SM`` runs kernels; ``H2D`` and ``D2H`` are the DMA engines by direction; ``P2P`` is a peer link;
``D2D`` and ``MEMSET`` are copies and fills within a device, which CUDA may give to a copy engine or
to the SMs; ``GRAPH`` holds launches that were traced as one row; ``HOST`` runs host functions.
"""

COPY_ENGINES: Sequence[str] = (H2D, D2H, P2P)
"""Engines whose time is communication with something outside the device."""

COPY_NAMES: Mapping[str, str] = {
    "HtoD": "[CUDA memcpy Host-to-Device]",
    "DtoH": "[CUDA memcpy Device-to-Host]",
    "DtoD": "[CUDA memcpy Device-to-Device]",
    "PtoP": "[CUDA memcpy Peer-to-Peer]",
    "HtoH": "[CUDA memcpy Host-to-Host]",
}
"""What a copy is called in tables and pictures, by its direction in CUPTI's words."""

_BY_KIND = {"kernel": SM, "memset": MEMSET, "graph": GRAPH, "host_func": HOST}
_BY_COPY = {"HtoD": H2D, "DtoH": D2H, "DtoD": D2D, "PtoP": P2P, "HtoH": HOST}


def engine_of(kind: str, copy_kind: str | None = None) -> str:
    """Engine of an activity.

    Parameters
    ----------
    kind : str
        ``kernel``, ``memcpy``, ``memset``, ``graph`` or ``host_func``.
    copy_kind : str, optional
        ``HtoD``, ``DtoH``, ``DtoD``, ``PtoP`` or ``HtoH``, for a memcpy.
    """
    if kind == "memcpy":
        return _BY_COPY[copy_kind or "DtoD"]
    return _BY_KIND[kind]
