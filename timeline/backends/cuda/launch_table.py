"""What the Program knows of its launches and no collector reports: the attribute for PDL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from timeline.backends.cuda.stream_ids import StreamIds
from timeline.backends.cuda.windows import Window, starts_inside
from timeline.program import Launch, Program
from timeline.trace.model import column_values, dictionary

__all__ = ["with_pdl"]


def with_pdl(
    activities: pa.Table, program: Program, ids: StreamIds, windows: Sequence[Window]
) -> pa.Table:
    """Set ``pdl`` of the kernels that were launched with it, and clear it for the other launches.

    The k-th launch in a stream is the k-th kernel there, as kernels of a stream start in order even
    under PDL. Streams in which the numbers differ, as those of libraries may, are left as they are;
    and so are the nodes of graphs.
    """
    wanted = {stream: flags for stream, flags in _launches(program, ids).items() if any(flags)}
    if not wanted or not activities.num_rows:
        return activities
    kernel = [i for i, name in enumerate(dictionary(activities, "kind")) if name == "kernel"]
    is_launch = np.isin(column_values(activities, "kind"), kernel)
    is_launch &= column_values(activities, "graph") < 0
    stream, start = column_values(activities, "stream"), column_values(activities, "start")
    device = column_values(activities, "device")
    column = activities["pdl"].to_pylist()
    for window in windows:
        inside = is_launch & starts_inside(activities, [(window.start, window.end)])
        for (place, number), flags in wanted.items():
            rows = np.flatnonzero(inside & (device == place) & (stream == number))
            if len(rows) == len(flags):
                for row, flag in zip(
                    rows[np.argsort(start[rows], kind="stable")], flags, strict=True
                ):
                    column[row] = flag
    index = activities.schema.get_field_index("pdl")
    return activities.set_column(
        index, activities.schema.field(index), pa.array(column, pa.bool_())
    )


def _launches(program: Program, ids: StreamIds) -> dict[tuple[int, int], list[bool]]:
    """Whether each launch uses PDL, by device and the stream's id in the trace, in issue order."""
    found: dict[tuple[int, int], list[bool]] = defaultdict(list)
    for index, thread in enumerate(program.threads):
        for op in thread.ops:
            if isinstance(op, Launch):
                found[op.stream.device, ids.id_of(op.stream, index)].append(op.pdl)
    return found
