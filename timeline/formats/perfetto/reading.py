"""Importing a Perfetto trace."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from timeline.errors import TraceError
from timeline.formats.byte_stream import ByteStream
from timeline.formats.intake import Intake
from timeline.formats.options import ImportOptions
from timeline.formats.perfetto.events import Events
from timeline.formats.perfetto.foreign import understood
from timeline.formats.perfetto.own import own_description, restored
from timeline.formats.perfetto.packets import packets
from timeline.trace import Trace

__all__ = ["read"]


def read(path: Path, options: ImportOptions) -> Trace:
    """Read a trace of Perfetto's own writers, or one that timeline wrote.

    Raises
    ------
    TraceError
        One line that names the file and the place.
    """
    intake = Intake(path, options)
    events = Events(intake)
    with ByteStream(intake) as stream:
        for chunk in packets(stream, intake):
            events.add(chunk)
    own = own_description(events.own)
    try:
        return restored(own, events, intake) if own is not None else understood(events, intake)
    except (TraceError, pa.ArrowException, OverflowError) as error:
        if str(error).startswith(str(path)):
            raise
        raise intake.error("values", str(error)) from error
