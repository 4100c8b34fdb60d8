"""Order: events, waits and synchronisation."""

from __future__ import annotations

from timeline.backends.cuda.api import NOT_READY
from timeline.backends.cuda.issuer import Issuer, in_stream
from timeline.backends.cuda.stage import Issue
from timeline.program import (
    DeviceSynchronize,
    EventQuery,
    EventRecord,
    EventSynchronize,
    StreamSynchronize,
    StreamWaitEvent,
)


def issue_event_record(at: Issuer, op: EventRecord) -> Issue:
    """``cudaEventRecord``."""
    event, stream = at.stage.handles.events[op.event.id], at.placed(op.stream).handle.runtime
    return at.call(in_stream(op, "cudaEventRecord"), at.api.runtime.cudaEventRecord, event, stream)


def issue_stream_wait_event(at: Issuer, op: StreamWaitEvent) -> Issue:
    """``cudaStreamWaitEvent``."""
    event, stream = at.stage.handles.events[op.event.id], at.placed(op.stream).handle.runtime
    wait = at.api.runtime.cudaStreamWaitEvent
    return at.call(in_stream(op, "cudaStreamWaitEvent"), wait, stream, event, 0)


def issue_event_synchronize(at: Issuer, op: EventSynchronize) -> Issue:
    """``cudaEventSynchronize``."""
    event = at.stage.handles.events[op.event.id]
    return at.call("cudaEventSynchronize", at.api.runtime.cudaEventSynchronize, event)


def issue_event_query(at: Issuer, op: EventQuery) -> Issue:
    """``cudaEventQuery`` until the event has completed."""
    event, query = at.stage.handles.events[op.event.id], at.api.runtime.cudaEventQuery

    def issue() -> None:
        while status := query(event)[0]:
            if int(status) != NOT_READY:
                raise at.api.error(status, "cudaEventQuery")

    return issue


def issue_stream_synchronize(at: Issuer, op: StreamSynchronize) -> Issue:
    """``cudaStreamSynchronize``."""
    stream, wait = at.placed(op.stream).handle.runtime, at.api.runtime.cudaStreamSynchronize
    return at.call(in_stream(op, "cudaStreamSynchronize"), wait, stream)


def issue_device_synchronize(at: Issuer, op: DeviceSynchronize) -> Issue:
    """``cudaDeviceSynchronize``."""
    return at.call("cudaDeviceSynchronize", at.api.runtime.cudaDeviceSynchronize)
