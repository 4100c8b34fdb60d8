"""Traces: Arrow tables of what engines, host threads and streams did, in ns on one clock."""

from timeline.trace.meta import Device, Meta
from timeline.trace.model import Trace, table
from timeline.trace.schema import TABLES

__all__ = ["TABLES", "Device", "Meta", "Trace", "table"]
