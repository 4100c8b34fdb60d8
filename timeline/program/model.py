"""The Program: host threads with their operations, and everything those name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from timeline.program.handles import Buffer, Event, Span, Stream
from timeline.program.ops import Graph, Op

__all__ = ["Expect", "Fill", "HostThread", "Param", "Program"]

Param = int | float | str | bool

Values = Callable[[], npt.NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Fill:
    """What ``buffer`` holds before each repeat; a buffer without one starts as 0xFF bytes."""

    buffer: Buffer
    values: Values = field(compare=False)


@dataclass(frozen=True, slots=True)
class Expect:
    """What ``span`` must hold after each repeat.

    Attributes
    ----------
    values : callable
        Makes the known answer, an array of exactly ``span.bytes`` bytes.
    rtol : float
        Largest relative difference; 0 asks for equality.
    needs : tuple of str
        Features without which it does not hold, as something else runs then.
    """

    span: Span
    values: Values = field(compare=False)
    rtol: float = 0.0
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostThread:
    """A host thread and the operations it issues, in order."""

    name: str
    ops: tuple[Op, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """What a host issues. Made and checked by :class:`timeline.program.Builder`.

    Attributes
    ----------
    labels : mapping
        ``technique``, ``variant`` and the parameters it was built with; copied into the trace.
    fills, expects : tuple
        Contents before, and the known answer after, each repeat.
    needs : tuple of str
        Features of the device that any of its launches needs; see :mod:`timeline.program.suited`.
    """

    name: str
    threads: tuple[HostThread, ...]
    streams: tuple[Stream, ...]
    events: tuple[Event, ...]
    buffers: tuple[Buffer, ...]
    graphs: tuple[Graph, ...] = ()
    fills: tuple[Fill, ...] = ()
    expects: tuple[Expect, ...] = ()
    labels: Mapping[str, Param] = field(default_factory=dict)
    needs: tuple[str, ...] = ()

    def __len__(self) -> int:
        return sum(len(thread.ops) for thread in self.threads)

    def ops(self) -> Iterator[Op]:
        """Every operation, thread after thread."""
        for thread in self.threads:
            yield from thread.ops

    @property
    def devices(self) -> tuple[int, ...]:
        """Devices that it uses, ascending."""
        found = {stream.device for stream in self.streams}
        found.update(b.device for b in self.buffers if not b.kind.on_host)
        return tuple(sorted(found)) or (0,)
