"""The fixes, one a file, each a pure function of a scenario."""

from __future__ import annotations

from collections.abc import Mapping

from timeline.whatif.fix import Fix
from timeline.whatif.fixes.async_alloc import FIX as ASYNC_ALLOC
from timeline.whatif.fixes.capture_graph import FIX as CAPTURE_GRAPH
from timeline.whatif.fixes.chunk import FIX as CHUNK
from timeline.whatif.fixes.enable_pdl import FIX as ENABLE_PDL
from timeline.whatif.fixes.events_for_syncs import FIX as EVENTS_FOR_SYNCS
from timeline.whatif.fixes.faster import FIX as FASTER
from timeline.whatif.fixes.named_streams import FIX as NAMED_STREAMS
from timeline.whatif.fixes.other_device import FIX as OTHER_DEVICE
from timeline.whatif.fixes.overlap_communication import FIX as OVERLAP_COMMUNICATION
from timeline.whatif.fixes.pin_copies import FIX as PIN_COPIES
from timeline.whatif.fixes.second_copy_engine import FIX as SECOND_COPY_ENGINE
from timeline.whatif.fixes.split_streams import FIX as SPLIT_STREAMS

__all__ = ["FIXES"]

FIXES: Mapping[str, Fix] = {
    fix.name: fix
    for fix in (
        PIN_COPIES,
        NAMED_STREAMS,
        ASYNC_ALLOC,
        EVENTS_FOR_SYNCS,
        SPLIT_STREAMS,
        CHUNK,
        CAPTURE_GRAPH,
        ENABLE_PDL,
        SECOND_COPY_ENGINE,
        OVERLAP_COMMUNICATION,
        FASTER,
        OTHER_DEVICE,
    )
}
"""By name, in the order in which they are listed."""
