"""A Program for the devices at hand: where one lacks a feature, something else runs instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from timeline.errors import UnavailableError
from timeline.program.features import missing
from timeline.program.model import Expect, HostThread, Program
from timeline.program.ops import Graph, GraphLaunch, Launch, Op, StreamOp

__all__ = ["Suitor", "suited"]


@dataclass(frozen=True, slots=True)
class Suitor:
    """A device as far as features go: its name and compute capability."""

    name: str
    capability: tuple[int, int]

    def __str__(self) -> str:
        major, minor = self.capability
        return f"{self.name} (compute capability {major}.{minor})"


def suited(program: Program, devices: Mapping[int, Suitor]) -> tuple[Program, tuple[str, ...]]:
    """Put what each launch names as ``instead`` in its place where a device can't do the launch.

    Parameters
    ----------
    devices : mapping of int to Suitor
        What each device of the Program can do.

    Returns
    -------
    Program, tuple of str
        The same Program if every device has all it needs; and what was replaced, for the trace.

    Raises
    ------
    UnavailableError
        When a launch needs what its device lacks, and names nothing that could run instead.
    """
    if not program.needs or not any(missing(program.needs, d.capability) for d in devices.values()):
        return program, ()
    notes: dict[str, None] = {}

    def fit(op: Op) -> Op:
        return _fit(op, devices[op.stream.device], notes) if isinstance(op, Launch) else op

    def fit_all(graph: Graph) -> Graph:
        ops: Sequence[Op] = [fit(op) for op in graph.ops]
        return replace(graph, ops=tuple(op for op in ops if isinstance(op, StreamOp)))

    graphs = {graph.id: fit_all(graph) for graph in program.graphs}

    def fitted(op: Op) -> Op:
        if isinstance(op, GraphLaunch):
            return replace(op, graph=graphs[op.graph.id])
        return fit(op)

    def holds(expect: Expect) -> bool:
        return not any(missing(expect.needs, device.capability) for device in devices.values())

    changed = replace(
        program,
        threads=tuple(HostThread(t.name, tuple(map(fitted, t.ops))) for t in program.threads),
        graphs=tuple(graphs.values()),
        expects=tuple(filter(holds, program.expects)),
    )
    return changed, tuple(notes)


def _fit(op: Launch, device: Suitor, notes: dict[str, None]) -> Launch:
    lacking = missing(op.needs, device.capability)
    if not lacking:
        return op
    names = " and ".join(lacking)
    name = op.kernel.name
    if lacking == ("pdl",):
        notes[f"{device} has no {names}: {name} was launched in stream order."] = None
        return replace(op, pdl=False)
    if op.instead is None:
        raise UnavailableError(
            f"kernel {name!r} needs {names}, which {device} lacks, and nothing can run instead; "
            "run on another GPU, or use --backend sim"
        )
    notes[f"{device} has no {names}: {op.instead.kernel.name} ran in place of {name}."] = None
    return _fit(op.instead, device, notes)
