"""The seam between what runs on a GPU and what measures it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa

__all__ = ["Collected", "Collector"]


@dataclass(frozen=True)
class Collected:
    """What a collector brings home.

    Attributes
    ----------
    tables : mapping of str to pyarrow.Table
        Tables of :data:`timeline.trace.TABLES`, times in ns on the collector's own clock.
    unix_offset_ns : int
        What to add to the collector's clock to get Unix time, ns.
    dropped : int
        Records lost.
    provenance : mapping
        Versions of what measured, such as ``cupti``.
    notes : tuple of str
        What the reader of the trace must know, one sentence each.
    """

    tables: Mapping[str, pa.Table]
    unix_offset_ns: int
    dropped: int = 0
    provenance: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Collector(Protocol):
    """Measures what the GPU does between :meth:`start` and :meth:`stop`."""

    source: str
    """``cupti`` or ``cuda_events``."""

    def start(self) -> None:
        """Begin; raises CuptiError when it can't."""
        ...

    def timestamp(self) -> int:
        """Now, in ns on the collector's clock."""
        ...

    def stop(self) -> Collected:
        """End, and decode what was collected. The device must be idle."""
        ...
