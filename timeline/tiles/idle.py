"""Why each engine was idle when: every ns of a device's window, engine by engine.

Worked out when somebody wants to see it: of ten million activities it takes longer than all of the
rest of the index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from timeline.analysis import devices, work_of
from timeline.analysis.execution import execution
from timeline.analysis.idle_causes import CAUSES, IdleCauses, idle_causes
from timeline.intervals import Int64
from timeline.tiles.segments import Engine, Segments, block_sums
from timeline.trace import Trace

__all__ = ["CAUSES", "idle_segments"]

Told = Callable[[int, int], None]


def idle_segments(
    trace: Trace, origin: int, engines: Mapping[int, tuple[str, ...]], tell: Told
) -> dict[Engine, Segments]:
    """Of each engine its idle time by cause: code 0 is busy time, i + 1 is ``CAUSES[i]``.

    Parameters
    ----------
    origin : int
        What the edges count from, trace time in ns.
    engines : mapping of int to tuple of str
        Of each device those that are meant.
    tell : callable
        Takes ``(done, total)`` steps.
    """
    total = sum(1 + len(own) for own in engines.values())
    found = {}
    for done, (engine, segments) in enumerate(_steps(trace, origin, engines)):
        if engine is not None and segments is not None:
            found[engine] = segments
        tell(done + 1, total)
    return found


def _steps(
    trace: Trace, origin: int, engines: Mapping[int, tuple[str, ...]]
) -> Iterator[tuple[Engine | None, Segments | None]]:
    for device in devices(trace):
        if device not in engines:
            continue
        joined = execution(work_of(trace, device))
        yield None, None
        for engine in engines[device]:
            yield (device, engine), _segments(idle_causes(joined, engine), origin)


def _segments(idle: IdleCauses, origin: int) -> Segments:
    order = np.argsort(idle.starts, kind="stable")
    order = order[idle.ends[order] > idle.starts[order]]
    starts, ends = idle.starts[order] - origin, idle.ends[order] - origin
    edges, codes = _without_gaps(starts, ends, (idle.causes[order] + 1).astype(np.uint8))
    return Segments(edges, codes, block_sums(edges, codes, len(CAUSES) + 1))


def _without_gaps(
    starts: Int64, ends: Int64, codes: npt.NDArray[np.uint8]
) -> tuple[Int64, npt.NDArray[np.uint8]]:
    """Edges and codes of pieces that don't overlap, with code 0 wherever there is none."""
    if not len(starts):
        return starts, codes
    places = np.flatnonzero(ends[:-1] != starts[1:]) + 1
    edges = np.insert(starts, places, ends[places - 1])
    return np.append(edges, ends[-1]), np.insert(codes, places, 0)
