"""The fixes, one a file, each a pure function of a scenario."""

from __future__ import annotations

from collections.abc import Mapping

from timeline.whatif.fix import Fix
from timeline.whatif.fixes.async_alloc import FIX as ASYNC_ALLOC
from timeline.whatif.fixes.events_for_syncs import FIX as EVENTS_FOR_SYNCS
from timeline.whatif.fixes.faster import FIX as FASTER
from timeline.whatif.fixes.named_streams import FIX as NAMED_STREAMS
from timeline.whatif.fixes.pin_copies import FIX as PIN_COPIES
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
        FASTER,
    )
}
"""By name, in the order in which they are listed."""
