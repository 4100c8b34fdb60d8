"""From a Program to its Plan: one dictionary look-up an operation."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from timeline.backends.sim import codes as k
from timeline.backends.sim.describe import Describer
from timeline.backends.sim.device_model import DeviceModel
from timeline.backends.sim.plan import Plan, ThreadPlan
from timeline.backends.sim.streams import StreamIndex, StreamTable
from timeline.errors import DeviceMemoryError, NoGpuError
from timeline.program import EventRecord, HostThread, Launch, Memcpy, Program, StreamWaitEvent

__all__ = ["compile_program"]

Ints = npt.NDArray[np.int64]


def compile_program(program: Program, model: DeviceModel) -> Plan:
    """Work out everything about ``program`` on ``model`` that the clock does not change.

    Raises
    ------
    ProgramError
        For a launch that the device can't hold, or a wait for an event that nothing records.
    NoGpuError, DeviceMemoryError
        When the described host has too few devices, or a buffer is larger than their memory.
    """
    _check_devices(program, model)
    describer = Describer(program, model, StreamTable(program))
    threads, first = [], 0
    for thread in program.threads:
        classes = _classes(thread, describer)
        op_class = np.array(classes, np.int64)
        threads.append(ThreadPlan(thread.name, thread.ops, classes, op_class, first_op=first))
        first += len(classes)
    describer.check_events()
    return _number(threads, describer)


def _check_devices(program: Program, model: DeviceModel) -> None:
    last = max(program.devices)
    if last >= model.devices:
        raise NoGpuError(
            f"{program.name} uses device {last}, the described host has {model.devices} of "
            f"{model.name}; set 'devices' in its TOML file"
        )
    for buffer in program.buffers:
        if not buffer.kind.on_host and buffer.bytes > model.memory.bytes:
            raise DeviceMemoryError(
                f"buffer {buffer.name!r} has {buffer.bytes} bytes, {model.name} has "
                f"{model.memory.bytes}; make it smaller"
            )


def _classes(thread: HostThread, describer: Describer) -> list[int]:
    """Class of every operation: the loop that has to be quick.

    Kernels and works are told apart by identity (``same``), because hashing them by value would
    take longer than all the rest.
    """
    index = StreamIndex(describer.streams, thread.name)
    keys, describe, same = describer.keys, describer.describe, describer.same
    canonical, found = describer.canonical, list[int]()
    op: Any
    key: Any
    for op in thread.ops:
        kind = type(op)
        if kind is Launch:
            kernel, work = same.get(id(op.kernel)), same.get(id(op.work))
            if kernel is None or work is None:
                kernel, work = canonical(op.kernel), canonical(op.work)
            key = (
                kernel,
                work,
                index[op.stream.id],
                op.grid,
                op.block,
                op.cluster,
                op.dynamic_shared_bytes,
                op.pdl,
                op.cooperative,
            )
        elif kind is Memcpy:
            dst, src = op.dst, op.src
            key = (index[op.stream.id], dst.bytes, src.buffer.id, dst.buffer.id, op.blocking)
        elif kind is EventRecord:
            key = (index[op.stream.id], op.event.id)
        elif kind is StreamWaitEvent:
            key = (index[op.stream.id], -op.event.id)
        else:
            key = describer.key(op, index)
        number = keys.get(key)
        if number is None:
            number = keys[key] = describe(op, index)
        found.append(number)
    return found


def _number(threads: list[ThreadPlan], describer: Describer) -> Plan:
    """Give every operation its nodes, behind one starting node a stream."""
    c, streams = describer.classes, len(describer.streams)
    start = c.add(kind=k.START)
    parts, ops = [np.full(streams + 1, start)], [np.full(streams + 1, -1)]
    count, node = np.array(c.nodes), streams + 1
    for thread in threads:
        of = thread.op_class
        many: Ints = count[of]
        ends = np.cumsum(many)
        thread.nodes = (node + ends - many).tolist()
        parts.append(_node_classes(of, many, describer))
        ops.append(np.repeat(np.arange(len(of)) + thread.first_op, many))
        node += int(many.sum())
    node_class = np.concatenate(parts)
    queued = np.bincount(np.array(c.stream)[node_class], minlength=1)[1:]
    return Plan(
        program=describer.program,
        model=describer.model,
        classes=c,
        packing=describer.packing,
        streams=describer.streams.plans,
        threads=threads,
        events=describer.events,
        buffers=describer.buffers,
        graphs=describer.graphs,
        node_class=node_class.tolist(),
        node_kind=np.array(c.kind)[node_class].tolist(),
        node_gap=np.array(c.gap)[node_class].tolist(),
        class_of_node=node_class,
        node_op=np.concatenate(ops),
        groups=describer.engines.count,
        opposite=describer.engines.opposite,
        deep=bool((queued >= describer.model.host.queue_depth).any()),
    )


def _node_classes(of: Ints, many: Ints, describer: Describer) -> Ints:
    """Class of every node of a thread; graphs and collectives have nodes of their own classes."""
    flat: Ints = np.repeat(of, many)
    starts = np.cumsum(many) - many
    for i in np.nonzero(many > 1)[0]:
        flat[starts[i] : starts[i] + many[i]] = describer.inner[int(of[i])]
    return flat
