"""Techniques of other libraries: a script beside the Program.

A framework decides by itself which CUDA calls it makes, so no Program can stand for it on a GPU:
there, ``timeline record`` runs a script of ``timeline.live`` in a process of its own (PyTorch reads
the choice of its allocator when it starts). The technique's Program makes the same copies,
allocations and synchronisations in the same order, with NVTX ranges of the same names, for the
simulator and for whoever lacks the framework; so the same checks read both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Live"]


@dataclass(frozen=True, slots=True)
class Live:
    """The script that runs a technique on a GPU.

    Attributes
    ----------
    packages : tuple of str
        Modules of which one must be installed.
    extra : str
        The extra of ``cuda-timeline`` that brings it.
    environment : mapping of str to mapping
        By variant: variables that are set when its process starts.
    """

    script: str
    packages: tuple[str, ...]
    extra: str
    environment: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
