"""From what was collected to the Trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from timeline.backends.cuda.alignment import Alignment
from timeline.backends.cuda.collector import Collected
from timeline.backends.cuda.device import describe
from timeline.backends.cuda.host_table import host_functions, without_host_functions
from timeline.backends.cuda.launch_table import with_pdl
from timeline.backends.cuda.nvrtc import symbol_of
from timeline.backends.cuda.run import Run
from timeline.backends.cuda.skew import apart
from timeline.backends.cuda.stage import launches
from timeline.backends.cuda.stamp_table import (
    match,
    stamp_table,
    worst_outside_ns,
)
from timeline.backends.cuda.windows import astray_ns, cut
from timeline.trace import Meta, Trace, table
from timeline.trace.clock import shift

__all__ = ["assemble"]


def assemble(run: Run, collected: Collected, source: str, provenance: Mapping[str, Any]) -> Trace:
    """Make the Trace of a finished run."""
    zero = run.windows[0].start
    tables = cut(collected.tables, run.windows)
    clocks = run.clocks.alignments(collected.tables["activities"])
    stamps, clock_facts, notes = _stamps(run, collected, clocks)
    astray = astray_ns(tables["activities"], run.windows)
    if astray:
        notes.append(
            f"Activities start up to {astray:,} ns outside their repeat: the host's clock and the "
            "device's differ by as much."
        )
    activities = _renamed(without_host_functions(tables["activities"]), _display_names(run))
    activities = with_pdl(activities, run.program, run.stage.ids, run.windows)
    functions = host_functions(run.stage.host.spans, tables.get("calls"), run.windows)
    tables["activities"] = _joined("activities", activities, functions)
    tables["ranges"] = _joined("ranges", tables.get("ranges"), run.stage.ranges.table())
    tables["stamps"] = stamps
    moved = shift(tables, -zero)
    moved["streams"] = run.stage.ids.table()
    return Trace.from_tables(
        Meta(
            source=source,
            epoch_ns=zero + collected.unix_offset_ns,
            devices=tuple(describe(run.api, d) for d in run.program.devices),
            labels=dict(run.program.labels),
            repeats=tuple((w.start - zero, w.end - zero) for w in run.windows),
            paced=run.gate.paced,
            dropped=collected.dropped,
            verified=run.verified,
            provenance={**provenance, **collected.provenance, **clock_facts, **_skews(run, clocks)},
            notes=(
                *collected.notes,
                *run.peer_notes,
                *run.gate.notes,
                *run.stage.handles.notes,
                *notes,
            ),
        ),
        moved,
    )


def _joined(name: str, first: pa.Table | None, second: pa.Table) -> pa.Table:
    parts = [part for part in (first, second) if part is not None and part.num_rows]
    return pa.concat_tables(parts).unify_dictionaries() if parts else table(name, {}, 0)


def _display_names(run: Run) -> dict[str, str]:
    kernels = {launch.kernel for launch in launches(run.program)}
    return {symbol_of(k): k.name for k in kernels if symbol_of(k) != k.name}


def _renamed(activities: pa.Table, names: Mapping[str, str]) -> pa.Table:
    """Kernels under their own names, where C++ could not spell them."""
    if not names or not activities.num_rows:
        return activities
    column = activities["name"].unify_dictionaries().combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0)
    shown = [names.get(name, name) for name in column.dictionary.to_pylist()]
    unique = list(dict.fromkeys(shown))
    codes = pa.array([unique.index(name) for name in shown], pa.int32()).take(column.indices)
    renamed = pa.DictionaryArray.from_arrays(codes, pa.array(unique, pa.string()))
    index = activities.schema.get_field_index("name")
    return activities.set_column(index, activities.schema.field(index), renamed)


def _skews(run: Run, clocks: dict[int, Alignment]) -> dict[str, Any]:
    """How far each further device's times are from the first one's."""
    found = apart(clocks, run.clocks.between, run.program.devices[0])
    return {"device_clocks": {str(d): asdict(one) for d, one in found.items()}} if found else {}


def _stamps(
    run: Run, collected: Collected, clocks: dict[int, Alignment]
) -> tuple[pa.Table, dict[str, Any], list[str]]:
    """The stamps, how well they are aligned, and what could not be done."""
    empty, found = table("stamps", {}, 0), run.stage.stamps.found
    notes = []
    if run.stage.stamps.refused:
        notes.append(f"{run.stage.stamps.refused} launches wrote no stamps, for want of memory.")
    if not found:
        return empty, {}, notes
    left_out = sum(stamped.left_out for stamped in found)
    if left_out:
        notes.append(f"{left_out:,} in-kernel stamps are left out, of tiles beyond those kept.")
    activities = collected.tables["activities"]
    if len(clocks) < len(run.program.devices):
        return empty, {}, [*notes, "In-kernel stamps are left out: their clock was not found."]
    matched, lost = match(activities, found, run.windows)
    if lost:
        notes.append(f"{lost} stamped launches could not be told apart; their stamps are left out.")
    facts = {
        str(device): {"offset_ns": c.offset_ns, "residual_ns": c.residual_ns, "runs": c.runs}
        for device, c in clocks.items()
    }
    outside = worst_outside_ns(matched, clocks)
    alignment = {"globaltimer": facts, "worst_stamp_outside_its_kernel_ns": outside}
    return stamp_table(matched, clocks), {"stamp_clock": alignment}, notes
