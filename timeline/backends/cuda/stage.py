"""What the operations of a Program are issued with."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from timeline.backends.cuda.api import Api
from timeline.backends.cuda.handles import Handles, StreamHandle
from timeline.backends.cuda.host import HostFunctions
from timeline.backends.cuda.launch import Functions, Loaded
from timeline.backends.cuda.memory import Memory
from timeline.backends.cuda.nccl import Communicators
from timeline.backends.cuda.ranges import Ranges
from timeline.backends.cuda.stamps import Stamps
from timeline.backends.cuda.stream_ids import StreamIds
from timeline.program import HostBarrier, Launch, Op, Program, Stream

__all__ = ["Instrument", "Issue", "Placed", "Stage", "make_stage"]

Issue = Callable[[], None]
"""One operation, prepared: calling it issues the operation and does nothing else."""


class Instrument(Protocol):
    """Puts measuring around operations, where the collector can't see them by itself."""

    def wrap(self, op: Op, issue: Issue, streams: Sequence[Placed], loaded: Loaded | None) -> Issue:
        """``issue``, measured."""
        ...


@dataclass(frozen=True, slots=True)
class Placed:
    """A stream as one host thread sees it: its handle, and its id in the trace."""

    stream: Stream
    handle: StreamHandle
    id: int


@dataclass
class Stage:
    """Everything on the GPU and the host that a Program names.

    Attributes
    ----------
    graphs : dict of int to handle
        Instantiated graphs by id.
    instrument : Instrument, optional
        Only for a collector that has to be told of each operation.
    held : list
        What prepared calls point to, kept alive.
    """

    api: Api
    program: Program
    memory: Memory
    handles: Handles
    functions: Functions
    ids: StreamIds
    ranges: Ranges
    host: HostFunctions
    stamps: Stamps
    nccl: Communicators
    instrument: Instrument | None = None
    graphs: dict[int, Any] = field(default_factory=dict)
    barriers: dict[str, threading.Barrier] = field(default_factory=dict)
    held: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        parties = Counter(
            name
            for thread in self.program.threads
            for name in {op.name for op in thread.ops if isinstance(op, HostBarrier)}
        )
        self.barriers = {name: threading.Barrier(count) for name, count in parties.items()}

    def placed(self, stream: Stream, thread: int) -> Placed:
        """A stream as host thread ``thread`` sees it."""
        return Placed(stream, self.handles.streams[stream.id], self.ids.id_of(stream, thread))

    def release(self) -> None:
        """Free everything; errors are ignored, as the context may be lost."""
        for executable in self.graphs.values():
            self.api.runtime.cudaGraphExecDestroy(executable)
        self.graphs.clear()
        self.nccl.release()
        self.stamps.release()
        self.memory.release()
        self.handles.release()


def launches(program: Program) -> list[Launch]:
    """Every launch, of the threads and then of the graphs."""
    ops = [*program.ops(), *(op for graph in program.graphs for op in graph.ops)]
    return [op for op in ops if isinstance(op, Launch)]


def make_stage(
    api: Api,
    program: Program,
    clock: Callable[[], int],
    *,
    stamps: bool,
    instrument: Instrument | None,
) -> Stage:
    """A stage on which nothing is allocated yet.

    Parameters
    ----------
    clock : callable
        Now, in ns, on the collector's clock.
    stamps : bool
        Whether kernels are to write in-kernel stamps.
    """
    return Stage(
        api,
        program,
        Memory(api, program),
        Handles(api, program),
        Functions(api),
        StreamIds(program),
        Ranges(clock),
        HostFunctions(clock),
        Stamps(api, launches(program), wanted=stamps),
        Communicators(),
        instrument,
    )
